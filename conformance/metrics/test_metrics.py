"""Every request is counted once on each side, by code, source and destination: counts equal what was sent."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from conformance.backends import Backends, GatewayEntrance
from conformance.calls import Target
from conformance.convergence import eventually
from conformance.manifests import Manifests
from conformance.metrics.prometheus import Counts, counter_sum, query
from conformance.timeouts import TIMEOUTS

pytestmark = pytest.mark.metrics
HERE = Path(__file__).parent
REQUESTS = "istio_requests_total"
Measured = Callable[[str, object], None]


@dataclass(frozen=True)
class Sent:
    """What was sent to the Service `metrics`, by caller and code. Codes that nothing retries by default."""

    client: dict[str, int]
    far: dict[str, int]
    gateway: dict[str, int]

    @property
    def by_code(self) -> Counts:
        """All of it, by code."""
        total: Counts = {}
        for part in (self.client, self.far, self.gateway):
            for code, count in part.items():
                total[(code,)] = total.get((code,), 0) + count
        return total


def send(target: Target, plan: dict[str, int]) -> None:
    for code, count in plan.items():
        tally = target.load(count, concurrency=4, headers={"x-echo-status": code})
        assert tally.statuses == {code: count}, str(tally)


@pytest.fixture(scope="module")
def sent(manifests: Manifests, backends: Backends, request: pytest.FixtureRequest) -> Iterator[Sent]:
    """Requests from three sources, each counted exactly once: nothing is sent just to see whether it works."""
    requests = Sent(
        client={"200": 120, "404": 30, "500": 17},
        far={"200": 41, "418": 8},
        gateway={"200": 63, "500": 5} if backends.settings.gateway_url else {},
    )
    with manifests.applied(HERE / "metrics.yaml"):
        # A request that a proxy cannot place yet would be counted under another name, or not at all. Those that
        # arrive are counted: so wait on the Service's address, by asking a path of the healthy backend by pod …
        for caller in (backends.client, backends.far):
            wait_until_known(backends.service("metrics", caller=caller))
        if requests.gateway:
            entrance: GatewayEntrance = request.getfixturevalue("gateway")
            wait_until_known(entrance.host("metrics"))
            send(entrance.host("metrics"), requests.gateway)
        send(backends.service("metrics"), requests.client)
        send(backends.service("metrics", caller=backends.far), requests.far)
        yield requests


PROBE_CODE = "299"
"""Requests sent only to see whether the service is known carry this code and are left out of every count."""


def wait_until_known(target: Target) -> None:
    target.must_become(
        lambda r: r.status == int(PROBE_CODE), "the service known", headers={"x-echo-status": PROBE_CODE}
    )


@pytest.fixture
def must_count(
    prometheus_url: str, backends: Backends, measured: Measured
) -> Callable[[str, tuple[str, ...], Counts], None]:
    """Waits until Prometheus tells exactly these counts for a reporter and labels, and goes on telling them."""

    def check_counts(reporter: str, by: tuple[str, ...], expected: Counts, **labels: str) -> None:
        promql = counter_sum(
            REQUESTS,
            by,
            reporter=reporter,
            destination_service_name="metrics",
            destination_service_namespace=backends.settings.namespace,
            **labels,
        )

        def check() -> Counts:
            all_counts = query(prometheus_url, promql, by, TIMEOUTS.request)
            counts = {labels: count for labels, count in all_counts.items() if labels[0] != PROBE_CODE}
            assert counts == expected, f"{promql} = {counts}, sent {expected}"
            return counts

        successes = 4
        pause = TIMEOUTS.scrape_stays / successes
        eventually(check, within=TIMEOUTS.scrape, what=f"counts by {by}", successes=successes, interval=pause)
        measured(f"{reporter} counts by {', '.join(by)}", {" ".join(k): v for k, v in expected.items()})

    return check_counts


MustCount = Callable[..., None]


def test_the_destination_counts_by_code(sent: Sent, must_count: MustCount) -> None:
    must_count("destination", ("response_code",), sent.by_code)


def test_the_source_counts_by_code(sent: Sent, must_count: MustCount) -> None:
    must_count("source", ("response_code",), sent.by_code)


def test_the_destination_counts_by_source(sent: Sent, must_count: MustCount, backends: Backends) -> None:
    far = backends.spiffe_id("client", backends.settings.far_namespace)
    near = backends.spiffe_id("client")
    by = ("response_code", "source_principal", "destination_principal")
    here = backends.spiffe_id("echo")
    expected = {(code, near, here): count for code, count in sent.client.items()}
    expected |= {(code, far, here): count for code, count in sent.far.items()}
    for principal, part in ((near, expected), (far, expected)):
        own = {key: count for key, count in part.items() if key[1] == principal}
        must_count("destination", by, own, source_principal=principal)


def test_the_source_counts_by_source_and_destination(sent: Sent, must_count: MustCount, backends: Backends) -> None:
    by = ("response_code", "source_workload", "source_workload_namespace", "destination_service")
    service = f"metrics.{backends.settings.namespace}.svc.cluster.local"
    namespace, far = backends.settings.namespace, backends.settings.far_namespace
    expected = {(code, "client", namespace, service): count for code, count in sent.client.items()}
    must_count("source", by, expected, source_workload_namespace=namespace)
    expected = {(code, "client", far, service): count for code, count in sent.far.items()}
    must_count("source", by, expected, source_workload_namespace=far)


def test_the_gateway_counts_as_a_source(sent: Sent, must_count: MustCount, backends: Backends) -> None:
    if not sent.gateway:
        pytest.skip("no --mesh-gateway-url is given")
    workload = backends.settings.gateway_workload
    expected = {(code, workload): count for code, count in sent.gateway.items()}
    must_count("source", ("response_code", "source_workload"), expected, source_workload=workload)


def test_counts_say_protocol_and_mutual_tls(sent: Sent, must_count: MustCount) -> None:
    by = ("response_code", "request_protocol", "connection_security_policy")
    expected = {(code, "http", "mutual_tls"): count for (code,), count in sent.by_code.items()}
    must_count("destination", by, expected)


def test_the_destination_names_its_workload(sent: Sent, must_count: MustCount, backends: Backends) -> None:
    by = ("response_code", "destination_workload", "destination_workload_namespace")
    namespace = backends.settings.namespace
    expected = {(code, "echo-v1", namespace): count for (code,), count in sent.by_code.items()}
    must_count("destination", by, expected)
