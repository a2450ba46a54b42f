"""Services and endpoints are followed as they come and go, without a lost request."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from conformance.backends import Backends
from conformance.calls import Response
from conformance.convergence import eventually
from conformance.kubernetes import Kubernetes
from conformance.manifests import Manifests
from conformance.mtls.xfcc import HEADER, last_caller
from conformance.settings import Settings
from conformance.timeouts import TIMEOUTS

pytestmark = pytest.mark.discovery
HERE = Path(__file__).parent


@pytest.mark.smoke
def test_a_service_that_appears_is_reachable_by_mutual_tls(manifests: Manifests, backends: Backends) -> None:
    def through_the_mesh(response: Response) -> bool:
        # kube-proxy alone would make it reachable too, but without the caller's identity.
        return response.status == 200 and HEADER in response.seen["headers"]

    with manifests.applied(HERE / "appears.yaml"):
        for port in (80, 8888):
            answer = backends.service("appears", port=port).must_become(through_the_mesh, f"port {port} reachable")
            assert last_caller(answer.seen["headers"]) == backends.spiffe_id("client")


def test_endpoints_are_followed_up_and_down_without_a_lost_request(
    manifests: Manifests,
    backends: Backends,
    kubernetes: Kubernetes,
    settings: Settings,
    measured: Callable[[str, object], None],
) -> None:
    target = backends.service("scaled")

    def clients_must_use_exactly_the_pods_there_are() -> set[str]:
        there = set(kubernetes.running_pods(settings.namespace, "app=scaled"))
        tally = target.load(60, concurrency=2, by="x-echo-pod")
        assert set(tally.values) == there, f"used {sorted(tally.values)}, there are {sorted(there)}"
        assert tally.failures == 0, str(tally)
        return there

    def must_follow(replicas: int) -> None:
        pods = eventually(
            clients_must_use_exactly_the_pods_there_are,
            within=TIMEOUTS.endpoints_follow,
            what=f"clients using the {replicas} pods there are",
        )
        assert len(pods) == replicas

    with manifests.applied(HERE / "scaled.yaml", replicas="1"):
        kubernetes.rollout(settings.namespace, ["scaled"], TIMEOUTS.pods_ready)
        must_follow(1)
        with target.steady(rate=100) as load:
            for replicas in (2, 1):
                scale = ("scale", f"--replicas={replicas}", "deployment/scaled", "-n", settings.namespace)
                kubernetes.kubectl(*scale)
                kubernetes.rollout(settings.namespace, ["scaled"], TIMEOUTS.pods_ready)
                must_follow(replicas)
        measured("scaled 1, 2, 1 under load", str(load.tally))
        assert load.tally.failures == 0, f"{load.tally}, first: {load.tally.samples[:1]}"
