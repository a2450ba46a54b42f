"""Labels are added, changed and left out, and metrics turned off, for the workloads and the side that are named."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from conformance.backends import Backends
from conformance.convergence import eventually
from conformance.manifests import Manifests
from conformance.metrics.prometheus import Counts, counter_sum, query
from conformance.timeouts import TIMEOUTS

pytestmark = pytest.mark.telemetry
HERE = Path(__file__).parent
PROBE = "probe"
"""The caller by whom it is seen that the labels are in force."""
LABELS = ("request_method", "caller", "size")
SENT = {("GET", "small", "few"): 23, ("POST", "large", "many"): 9}


@pytest.fixture(scope="module")
def sent(manifests: Manifests, backends: Backends, prometheus_url: str) -> Iterator[None]:
    """Requests that are sent once the labels are in force."""
    target = backends.service("telemetry")

    def check() -> None:
        answer = target.send(headers={"x-caller": PROBE})
        assert answer.status == 200, str(answer)
        found = counts(backends, prometheus_url, "istio_requests_total", LABELS, caller=PROBE)
        assert ("GET", PROBE, "many") in found, f"no label yet in {found}"

    with manifests.applied(HERE / "labels.yaml"):
        eventually(check, within=TIMEOUTS.scrape, what="labels in force", successes=1, interval=0.5)
        for (method, caller, _), count in SENT.items():
            tally = target.load(count, concurrency=1, method=method, headers={"x-caller": caller})
            assert tally.statuses == {"200": count}, str(tally)
        yield


def counts(backends: Backends, url: str, metric: str, by: tuple[str, ...], **labels: str) -> Counts:
    namespace = backends.settings.namespace
    service = {"destination_service_name": "telemetry", "destination_service_namespace": namespace}
    return query(url, counter_sum(metric, by, **({"reporter": "source"} | service | labels)), by, TIMEOUTS.request)


def must_stay(check_once: object) -> None:
    """Counts of a scrape may be behind: what is right once must stay so."""
    assert callable(check_once)
    pause = TIMEOUTS.scrape_stays / 4
    eventually(check_once, within=TIMEOUTS.scrape, what="counts", successes=4, interval=pause)


@pytest.mark.usefixtures("sent")
def test_labels_are_added_from_requests(backends: Backends, prometheus_url: str) -> None:
    def check() -> None:
        found = counts(backends, prometheus_url, "istio_requests_total", LABELS)
        own = {labels: count for labels, count in found.items() if labels[1] != PROBE}
        assert own == SENT, f"{own}, sent {SENT}"

    must_stay(check)


@pytest.mark.usefixtures("sent")
def test_labels_are_left_out_of_the_metric_that_is_named_alone(backends: Backends, prometheus_url: str) -> None:
    removed = ("destination_app", "response_flags")

    def check() -> None:
        changed = counts(backends, prometheus_url, "istio_requests_total", removed, caller="small")
        assert changed == {("", ""): 23}, f"{changed} although both labels are left out"
        other = counts(backends, prometheus_url, "istio_response_bytes_count", ("destination_app",))
        assert list(other) == [("echo",)], f"{other} although nothing is said of this metric"

    must_stay(check)


@pytest.mark.usefixtures("sent")
def test_a_metric_is_turned_off_for_one_side(backends: Backends, prometheus_url: str) -> None:
    total = sum(SENT.values())

    def check() -> None:
        of_client = counts(backends, prometheus_url, "istio_request_bytes_count", ("reporter",))
        of_server = counts(backends, prometheus_url, "istio_request_bytes_count", (), reporter="destination")
        assert of_server.get((), 0) >= total, f"the server counted {of_server} sizes of {total}"
        assert of_client == {}, f"the client counted {of_client}"

    must_stay(check)


@pytest.mark.usefixtures("sent")
def test_the_other_side_counts_as_before(backends: Backends, prometheus_url: str) -> None:
    def check() -> None:
        found = counts(backends, prometheus_url, "istio_requests_total", LABELS, reporter="destination")
        assert list(found) == [("", "", "")], f"{found} at the server"

    must_stay(check)
