"""Without its control plane a mesh goes on as it was; what comes meanwhile joins once it is back."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from conformance.backends import Backends, GatewayEntrance
from conformance.calls import SteadyLoad
from conformance.convergence import eventually
from conformance.kubernetes import Kubernetes
from conformance.manifests import Manifests
from conformance.mtls.xfcc import last_caller
from conformance.settings import Settings
from conformance.timeouts import TIMEOUTS

pytestmark = pytest.mark.resilience
HERE = Path(__file__).parent


class ControlPlane:
    """The Deployment that `--mesh-control-plane` names; it is always left as it was found."""

    def __init__(self, kubernetes: Kubernetes, reference: str) -> None:
        self._kubernetes = kubernetes
        self._namespace, self._name = reference.split("/")

    @contextlib.contextmanager
    def gone(self) -> Iterator[None]:
        """Scaled to zero for the length of a block; back and ready after it."""
        found = self._kubernetes.get("deployment", self._name, "-n", self._namespace)
        self._scale(0)
        try:
            eventually(
                self._must_have_no_pods, within=TIMEOUTS.control_plane_gone, what="no control plane", interval=0.3
            )
            yield
        finally:
            self._scale(found["spec"]["replicas"])
            self._kubernetes.rollout(self._namespace, [self._name], TIMEOUTS.control_plane_back)

    def _scale(self, replicas: int) -> None:
        self._kubernetes.kubectl("scale", f"--replicas={replicas}", f"deployment/{self._name}", "-n", self._namespace)

    def _must_have_no_pods(self) -> None:
        found = self._kubernetes.get("deployment", self._name, "-n", self._namespace)
        labels = found["spec"]["selector"]["matchLabels"]
        selector = ",".join(f"{key}={value}" for key, value in labels.items())
        pods = self._kubernetes.get("pods", "-n", self._namespace, "-l", selector)["items"]
        assert not pods, f"{len(pods)} pods are still there"


@pytest.fixture
def control_plane(kubernetes: Kubernetes, settings: Settings) -> ControlPlane:
    if settings.control_plane is None:
        pytest.skip("no --mesh-control-plane is given")
    return ControlPlane(kubernetes, settings.control_plane)


def test_traffic_flows_without_control_plane_and_a_late_pod_joins(
    control_plane: ControlPlane,
    kubernetes: Kubernetes,
    manifests: Manifests,
    backends: Backends,
    settings: Settings,
    request: pytest.FixtureRequest,
    measured: Callable[[str, object], None],
) -> None:
    loads: dict[str, SteadyLoad] = {}
    with contextlib.ExitStack() as late:
        with contextlib.ExitStack() as running:
            loads["between services"] = running.enter_context(backends.service("echo").steady(rate=80))
            if settings.gateway_url:
                running.enter_context(manifests.applied(HERE.parent / "routing" / "hosts.yaml"))
                entrance: GatewayEntrance = request.getfixturevalue("gateway")
                entrance.host("one").must_become(lambda r: r.status == 200, "host one through the gateway")
                loads["through the gateway"] = running.enter_context(entrance.host("one").steady(rate=40))
            with control_plane.gone():
                late.enter_context(manifests.applied(HERE / "late.yaml"))
                time.sleep(TIMEOUTS.without_control_plane)
            kubernetes.rollout(settings.namespace, ["late"], TIMEOUTS.late_pod_ready)
        for name, load in loads.items():
            measured(f"without control plane, {name}", str(load.tally))
            assert load.tally.total > 0
            assert load.tally.failures == 0, f"{name}: {load.tally}"
        # A caller whose proxy is not connected again yet reaches the new address, but not as a service of the mesh.
        backends.service("late").must_become(
            lambda r: r.status == 200 and last_caller(r.seen["headers"]) == backends.spiffe_id("client"),
            "the late pod reachable, by mutual TLS",
        )
