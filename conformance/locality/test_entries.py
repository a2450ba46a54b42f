"""Endpoints are near or far as entries say, and a retry may leave the near one that fails for a far one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from conformance.backends import Backends
from conformance.callers import PodCaller
from conformance.calls import Response, Target
from conformance.kubernetes import Kubernetes
from conformance.locality.test_locality import must_answer
from conformance.manifests import Manifests
from conformance.pod_address import ip_of
from conformance.settings import Settings
from conformance.timeouts import TIMEOUTS

pytestmark = pytest.mark.locality
HERE = Path(__file__).parent
REQUESTS = 40
Asking = Callable[[str], Target]


@pytest.fixture(scope="module")
def asking_for(
    kubernetes: Kubernetes, manifests: Manifests, settings: Settings, backends: Backends
) -> Iterator[Asking]:
    """A host by its first name, asked for by somebody in eu.north.a; nobody is at the address asked for."""
    callers = {"v1_ip": backends.echo_v1, "v2_ip": backends.echo_v2, "outside_ip": backends.outside}
    addresses = {name: ip_of(kubernetes, caller) for name, caller in callers.items()}
    guest = {"name": "guest", "app": "guest", "tier": "gold", "locality": "eu.north.a"}
    with manifests.applied(HERE / "entries.yaml", **addresses), manifests.applied(HERE / "place.yaml", **guest):
        kubernetes.rollout(settings.namespace, ["guest"], TIMEOUTS.pods_ready)
        [pod] = kubernetes.running_pods(settings.namespace, "place=guest")
        with closing(PodCaller(kubernetes, settings.namespace, pod, "place")) as caller:
            yield lambda name: Target(caller, "http://192.0.2.1", f"{name}.{settings.namespace}.test")


@pytest.mark.parametrize(("host", "near"), [("listed", "v1"), ("selected", "v2")])
def test_an_entry_says_where_an_endpoint_is(asking_for: Asking, host: str, near: str) -> None:
    must_answer(asking_for(host), near)


def test_a_retry_goes_to_another_place_when_told(asking_for: Asking) -> None:
    target = asking_for("remote")

    def from_far(response: Response) -> bool:
        return response.status == 200 and response.version == "v2"

    target.must_become(from_far, "the far endpoint answering", path="/goes-on")
    assert target.load(REQUESTS, path="/goes-on").statuses == {"200": REQUESTS}
    for path in ("/stays", "/"):
        assert target.load(REQUESTS, path=path).statuses == {"503": REQUESTS}, path
