"""A retry goes to another endpoint than the one that failed, or to any: at one of two nobody listens."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from conformance.backends import Backends
from conformance.calls import Target
from conformance.kubernetes import Kubernetes
from conformance.manifests import Manifests
from conformance.pod_address import ip_of
from conformance.statistics import acceptance_region

pytestmark = pytest.mark.retries
HERE = Path(__file__).parent
REQUESTS = 400
BOTH_FAIL = acceptance_region(REQUESTS, 0.25)
"""Requests that fail twice where each try takes one of the two. A proxy that looks for another endpoint does so a few
times only, and the same comes up each time less than once in a hundred requests."""


@pytest.fixture(scope="module")
def target(manifests: Manifests, backends: Backends, kubernetes: Kubernetes) -> Iterator[Target]:
    """The host with the two endpoints; nobody is at the address asked for."""
    addresses = {"far_ip": ip_of(kubernetes, backends.far), "outside_ip": ip_of(kubernetes, backends.outside)}
    with manifests.applied(HERE / "hosts.yaml", **addresses):
        target = Target(backends.client, "http://192.0.2.1", f"halved.{backends.settings.namespace}.test")
        target.must_become(lambda r: r.status == 200, "the endpoint that listens answering")
        yield target


def failures(target: Target, path: str) -> int:
    """Requests that no endpoint answered."""
    tally = target.load(REQUESTS, path=path)
    assert tally.statuses.get("200", 0) + tally.statuses.get("503", 0) == REQUESTS, str(tally)
    return tally.failures


@pytest.mark.parametrize("path", ["/unsaid", "/elsewhere"])
def test_a_retry_goes_to_another_endpoint(target: Target, path: str) -> None:
    assert failures(target, path) < BOTH_FAIL.low


def test_a_retry_may_go_to_the_same_endpoint_when_told(target: Target) -> None:
    found = failures(target, "/anywhere")
    assert BOTH_FAIL.accepts(found), BOTH_FAIL.judge(found, against=0.01)
