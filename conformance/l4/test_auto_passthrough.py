"""A gateway passes mutual TLS on to the service that its server name says, unopened, and to none that it may not."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from conformance.backends import Backends
from conformance.calls import Response, Target
from conformance.gateway_address import gateway_address
from conformance.kubernetes import Kubernetes
from conformance.manifests import Manifests
from conformance.mtls.xfcc import last_caller
from conformance.settings import Settings

pytestmark = pytest.mark.l4
HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def passed(settings: Settings, kubernetes: Kubernetes, manifests: Manifests, backends: Backends) -> Iterator[Backends]:
    if settings.gateway_https is None:
        pytest.skip("no --mesh-gateway-https is given")
    address, identity = gateway_address(kubernetes, settings), backends.spiffe_id("echo")
    with manifests.applied(HERE / "auto-passthrough.yaml", gateway_ip=address, identity=identity):
        yield backends


def asking_for(host: str, backends: Backends) -> Target:
    return Target(backends.client, backends.service("echo").base, host=host)


@pytest.mark.parametrize(("host", "expected"), [("whole.passed.test", "v1"), ("subset.passed.test", "v2")])
def test_the_server_name_says_service_and_subset(passed: Backends, host: str, expected: str) -> None:
    def arrived(response: Response) -> bool:
        return response.status == 200 and response.version == expected

    target = asking_for(host, passed)
    answer = target.must_become(arrived, f"{expected} behind the gateway")
    assert last_caller(answer.seen["headers"]) == passed.spiffe_id("client"), "the client itself, not the gateway"
    tally = target.load(20, concurrency=2)
    assert tally.values == {expected: 20}, str(tally)


def test_services_of_other_hosts_are_not_reached(passed: Backends) -> None:
    asking_for("whole.passed.test", passed).must_become(lambda r: r.status == 200, "the gateway open for its hosts")
    assert asking_for("closed.passed.test", passed).send().status == 503
