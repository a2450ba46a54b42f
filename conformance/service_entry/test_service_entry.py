"""Hosts that Kubernetes knows nothing of are reached as their ServiceEntries and WorkloadEntries say.

Nobody answers at the addresses that requests are sent to (RFC 5737 keeps them for documentation): whoever gets an
answer was led elsewhere by the mesh.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
import yaml

from conformance.backends import Backends
from conformance.callers import PodCaller
from conformance.calls import Response, Target
from conformance.certificates import Authority
from conformance.convergence import eventually
from conformance.gateway_address import gateway_address
from conformance.kubernetes import Kubernetes
from conformance.manifests import Manifests
from conformance.mtls.xfcc import HEADER, last_caller
from conformance.pod_address import ip_of
from conformance.settings import Settings
from conformance.statistics import acceptance_region
from conformance.timeouts import TIMEOUTS

pytestmark = pytest.mark.service_entry
HERE = Path(__file__).parent
NOWHERE = "192.0.2.1"
REQUESTS = 400
Measured = Callable[[str, object], None]


@pytest.fixture(scope="module")
def addresses(kubernetes: Kubernetes, backends: Backends) -> dict[str, str]:
    """Of the pods that the manifests name."""
    callers = {"outside_ip": backends.outside, "far_ip": backends.far, "v1_ip": backends.echo_v1}
    return {name: ip_of(kubernetes, caller) for name, caller in callers.items()}


@pytest.fixture(scope="module")
def entries(manifests: Manifests, backends: Backends, addresses: dict[str, str]) -> Iterator[Backends]:
    with manifests.applied(HERE / "entries.yaml", **addresses):
        yield backends


def asking_for(host: str, caller: PodCaller) -> Target:
    """HTTP for a host that no DNS knows."""
    return Target(caller, f"http://{NOWHERE}", host, timeout=TIMEOUTS.refused_request)


def from_outside(response: Response) -> bool:
    """Answered by the pod outside the mesh, which no identity was shown."""
    return response.status == 200 and response.pod.startswith("client-") and HEADER not in response.seen["headers"]


@pytest.mark.parametrize("host", ["dns", "round-robin"])
def test_http_hosts_are_found_by_dns(entries: Backends, host: str) -> None:
    asking_for(f"{host}.se.test", entries.client).must_become(from_outside, f"{host}.se.test answering")


def test_listed_endpoints_get_requests_by_their_weights(
    entries: Backends, measured: Measured, addresses: dict[str, str]
) -> None:
    target = asking_for("static.se.test", entries.client)
    target.must_become(lambda r: r.status == 200, "static.se.test answering")
    tally = target.load(REQUESTS, by="x-echo-pod")
    assert tally.failures == 0, str(tally)
    outside, far = (caller.name.partition("/")[2] for caller in (entries.outside, entries.far))
    assert set(tally.values) == {outside, far}, str(tally.values)
    region = acceptance_region(REQUESTS, 0.75)
    verdict = region.judge(tally.values[outside], against=0.5)
    measured("weights 3 to 1", verdict)
    assert region.accepts(tally.values[outside]), verdict


def test_http_goes_by_the_entrys_address_too(entries: Backends) -> None:
    target = Target(entries.client, "http://192.0.2.20", timeout=TIMEOUTS.refused_request)
    target.must_become(lambda r: r.status == 200, "the address answering")


def test_rules_act_on_hosts_outside(entries: Backends) -> None:
    target = asking_for("second.se.test", entries.client)
    target.must_become(
        lambda r: r.status == 200 and r.seen["headers"].get("x-outside") == "told", "the rule's header arriving"
    )
    assert target.send("/gone").status == 410


def test_an_entry_may_be_for_its_own_namespace_alone(entries: Backends) -> None:
    asking_for("private.se.test", entries.client).must_become(from_outside, "private.se.test answering")
    asking_for("static.se.test", entries.far).must_become(lambda r: r.status == 200, "the other namespace knowing more")
    answer = asking_for("private.se.test", entries.far).send()
    assert answer.status != 200, str(answer)


def test_a_pod_that_starts_later_knows_what_is_for_its_namespace_alone(
    entries: Backends, manifests: Manifests, kubernetes: Kubernetes, settings: Settings
) -> None:
    with manifests.applied(HERE / "latecomer.yaml"):
        ready = ("--for=condition=Ready", f"--timeout={TIMEOUTS.pods_ready:g}s", "pod/latecomer")
        kubernetes.kubectl("wait", "-n", settings.namespace, *ready, timeout=TIMEOUTS.pods_ready + TIMEOUTS.kubectl)
        with closing(PodCaller(kubernetes, settings.namespace, "latecomer", "client")) as latecomer:
            answer = asking_for("private.se.test", latecomer).send()
            assert from_outside(answer), str(answer)
            assert asking_for("static.se.test", latecomer).send().status == 200


def must_greet(target: Target, body: str, expected: str) -> None:
    """Connections are greeted by a pod whose name starts with `expected`."""

    def check() -> None:
        found = [response.body for response in target.send_all([target.request(body=body)] * 4)]
        assert all(text.startswith(expected) for text in found), str(found)

    eventually(check, within=TIMEOUTS.config_takes_effect, what=f"{target.base} {body} reaching {expected}")


@pytest.mark.parametrize(
    ("base", "body", "expected"),
    [
        ("tcp://192.0.2.10:3306", "address", "client-"),
        ("talk://198.51.100.77:3306", "range", "echo-v1-"),
        ("hello://192.0.2.30:8443", "one.tls.se.test", "client-"),
        ("hello://192.0.2.30:8443", "any.wild.se.test", "echo-v1-"),
        ("tcp://192.0.2.40:6380", "port", "client-"),
    ],
)
def test_connections_go_by_address_range_server_name_and_port(
    entries: Backends, base: str, body: str, expected: str
) -> None:
    must_greet(Target(entries.client, base, timeout=TIMEOUTS.refused_request), body, expected)


def test_only_known_hosts_are_reached_where_the_rest_is_refused(
    manifests: Manifests, backends: Backends, addresses: dict[str, str]
) -> None:
    outside = addresses["outside_ip"]

    def http(host: str) -> Target:
        return Target(backends.client, f"http://{outside}:8080", host, timeout=TIMEOUTS.refused_request)

    with manifests.applied(HERE / "registry-only.yaml"):
        http("unknown.se.test").must_become(lambda r: r.status == 502, "502 for an unknown host")
        http("one.known.se.test").must_become(from_outside, "a name of the wildcard answering")
        tls = Target(backends.client, f"hello://{outside}:9000", timeout=TIMEOUTS.refused_request)
        must_greet(tls, "one.known.se.test", "client-")
        answer = tls.send(body="unknown.se.test")
        assert not answer.body, str(answer)


def test_names_of_a_wildcard_are_looked_up_as_they_are_asked_for(
    manifests: Manifests, backends: Backends, addresses: dict[str, str], settings: Settings
) -> None:
    """Kubernetes' DNS has a name for the address of each pod: nobody but the proxy asks for it here."""
    below = f"{settings.outside_namespace}.pod.cluster.local"
    name = f"{addresses['outside_ip'].replace('.', '-')}.{below}"
    tls = Target(backends.client, f"hello://{NOWHERE}:9000", timeout=TIMEOUTS.refused_request)

    def http(host: str) -> Target:
        return Target(backends.client, f"http://{NOWHERE}:8080", f"{host}:8080", timeout=TIMEOUTS.refused_request)

    with manifests.applied(HERE / "dynamic.yaml"):
        http(name).must_become(from_outside, "the pod that the host names answering")
        must_greet(tls, name, "client-")
        for elsewhere in (f"no-address.{below}", name.replace(below, f"{settings.namespace}.pod.cluster.local")):
            assert http(elsewhere).send().status != 200, elsewhere
            answer = tls.send(body=elsewhere)
            assert not answer.body, str(answer)


@pytest.fixture(scope="module")
def workloads(manifests: Manifests, backends: Backends, addresses: dict[str, str]) -> Iterator[Backends]:
    with manifests.applied(HERE / "workloads.yaml", **addresses):
        yield backends


def test_workload_entries_are_selected_and_told_apart_by_labels(workloads: Backends) -> None:
    target = asking_for("ledger.se.test", workloads.client)
    target.must_become(from_outside, "the machine without a proxy answering in plaintext", path="/plain")
    answer = target.must_become(lambda r: r.version == "v1", "the one with a proxy answering", path="/meshed")
    assert last_caller(answer.seen["headers"]) == workloads.spiffe_id("client")


def test_a_kubernetes_service_has_workload_entries_among_its_endpoints(workloads: Backends) -> None:
    pods = {caller.name.partition("/")[2] for caller in (workloads.outside, workloads.echo_v1)}
    target = workloads.service("ledger")

    def check() -> None:
        tally = target.load(40, by="x-echo-pod")
        assert tally.failures == 0, str(tally)
        assert set(tally.values) == pods, str(tally.values)

    eventually(check, within=TIMEOUTS.config_takes_effect, what="both WorkloadEntries answering")


def test_an_entry_selects_pods(workloads: Backends) -> None:
    answer = asking_for("pods.se.test", workloads.client).must_become(lambda r: r.version == "v2", "the pod answering")
    assert last_caller(answer.seen["headers"]) == workloads.spiffe_id("client")


def test_the_server_must_be_who_the_entry_says(workloads: Backends) -> None:
    right = asking_for("right.se.test", workloads.client)
    answer = right.must_become(lambda r: r.status == 200, "the server with the right identity answering")
    assert last_caller(answer.seen["headers"]) == workloads.spiffe_id("client")
    asking_for("wrong.se.test", workloads.client).must_become(lambda r: r.status == 503, "another identity refused")


@pytest.fixture
def tls_server(
    settings: Settings, kubernetes: Kubernetes, manifests: Manifests, backends: Backends
) -> Iterator[Target]:
    """A host whose server speaks TLS, asked for in plain HTTP."""
    if settings.gateway_https is None:
        pytest.skip("no --mesh-gateway-https is given")
    pair = Authority("conformance entry").issue(f"entry.{settings.namespace}.test")
    secret = yaml.safe_dump(
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "type": "kubernetes.io/tls",
            "metadata": {"name": f"{settings.namespace}-entry", "namespace": settings.gateway_namespace},
            "stringData": {"tls.crt": pair.certificate, "tls.key": pair.key},
        }
    )
    kubernetes.apply(secret)
    try:
        with manifests.applied(HERE / "tls-server.yaml", gateway_ip=gateway_address(kubernetes, settings)):
            yield asking_for(f"entry.{settings.namespace}.test", backends.client)
    finally:
        kubernetes.delete(secret)


def test_the_proxy_speaks_tls_to_a_host_outside(tls_server: Target, manifests: Manifests) -> None:
    tls_server.must_become(lambda r: r.status not in (None, 200), "plain HTTP refused by a server that speaks TLS")
    with manifests.applied(HERE / "tls-client.yaml"):
        tls_server.must_become(lambda r: r.status == 200 and r.version == "v1", "the TLS server answering")
