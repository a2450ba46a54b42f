"""Endpoints are who an entry says they are, and get requests by the weights it gives them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from conformance.backends import Backends
from conformance.calls import Target
from conformance.convergence import eventually
from conformance.kubernetes import Kubernetes
from conformance.manifests import Manifests
from conformance.mtls.xfcc import HEADER, last_caller
from conformance.pod_address import ip_of
from conformance.statistics import acceptance_region
from conformance.timeouts import TIMEOUTS

pytestmark = pytest.mark.service_entry
HERE = Path(__file__).parent
REQUESTS = 400
Asking = Callable[[str], Target]
Measured = Callable[[str, object], None]


@pytest.fixture(scope="module")
def asking_for(manifests: Manifests, backends: Backends, kubernetes: Kubernetes) -> Iterator[Asking]:
    """A host by its first name; nobody is at the address asked for."""
    callers = {"v1_ip": backends.echo_v1, "v2_ip": backends.echo_v2}
    namespace = backends.settings.namespace
    with manifests.applied(
        HERE / "endpoints.yaml", **{name: ip_of(kubernetes, caller) for name, caller in callers.items()}
    ):
        yield lambda name: Target(backends.client, "http://192.0.2.1", f"{name}.{namespace}.test")


def test_the_server_must_be_who_an_endpoint_says(asking_for: Asking, backends: Backends) -> None:
    answer = asking_for("known").must_become(lambda r: r.status == 200, "the server with the right identity answering")
    assert last_caller(answer.seen["headers"]) == backends.spiffe_id("client")
    asking_for("mistaken").must_become(lambda r: r.status == 503, "another identity refused")


def test_where_nobody_is_named_no_identity_is_shown(asking_for: Asking) -> None:
    answer = asking_for("unknown").must_become(lambda r: r.status == 200, "the server without an identity answering")
    assert HEADER not in answer.seen["headers"]


def test_workload_entries_get_requests_by_their_weights(asking_for: Asking, measured: Measured) -> None:
    target = asking_for("scales")

    def both_answer() -> None:
        found = {response.version for response in target.send_all([target.request()] * 40)}
        assert found == {"v1", "v2"}, str(found)

    eventually(both_answer, within=TIMEOUTS.config_takes_effect, what="both WorkloadEntries answering", successes=1)
    tally = target.load(REQUESTS)
    assert tally.failures == 0, str(tally)
    region = acceptance_region(REQUESTS, 0.75)
    verdict = region.judge(tally.values["v1"], against=0.5)
    measured("weights 3 to 1 of WorkloadEntries", verdict)
    assert region.accepts(tally.values["v1"]), verdict
