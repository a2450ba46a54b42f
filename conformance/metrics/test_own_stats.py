"""Envoy's own stats: none by default, those a pod's annotations ask for, under the names that objects give."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from conformance.backends import Backends
from conformance.calls import Target
from conformance.convergence import eventually
from conformance.kubernetes import Kubernetes
from conformance.manifests import Manifests
from conformance.settings import Settings
from conformance.timeouts import TIMEOUTS

pytestmark = pytest.mark.metrics
HERE = Path(__file__).parent
METRICS_PORT = 15090
FRONT, BACK = 11, 7
BY_SERVER = "envoy_http_downstream_rq_total", "http_conn_manager_prefix"
BY_ROUTE = "envoy_vhost_route_upstream_rq_total", "route"
BY_CLUSTER = "envoy_cluster_upstream_rq_total", "cluster_name"
Counted = Callable[[tuple[str, str]], dict[str, int]]


@pytest.fixture(scope="module")
def gateway(manifests: Manifests, backends: Backends, kubernetes: Kubernetes, settings: Settings) -> Iterator[Target]:
    with manifests.applied(HERE / "own-stats.yaml"):
        kubernetes.rollout(settings.namespace, ["counted"], TIMEOUTS.pods_ready)
        target = replace(backends.service("counted", caller=backends.outside), host="counted.test")
        target.must_become(lambda r: r.status == 200, "200 through the gateway")
        yield target


@pytest.fixture
def stats(backends: Backends, kubernetes: Kubernetes, settings: Settings) -> Callable[[str], Counted]:
    """What the proxy of an app counts now: a stat and its label, by the label's value."""

    def of_app(app: str) -> Counted:
        (pod,) = kubernetes.running_pods(settings.namespace, f"app={app}")
        address = kubernetes.get("pod", pod, "-n", settings.namespace)["status"]["podIP"]
        page = Target(backends.outside, f"http://{address}:{METRICS_PORT}")

        def counted(by: tuple[str, str]) -> dict[str, int]:
            stat, label = by
            found: dict[str, int] = {}
            for line in page.send("/stats/prometheus").body.splitlines():
                if match := re.match(rf'{stat}\{{.*\b(?:envoy_)?{label}="([^"]*)".*\}} (\d+)$', line):
                    found[match[1]] = found.get(match[1], 0) + int(match[2])
            return found

        return counted

    return of_app


def test_a_gateway_counts_by_server_by_route_and_by_cluster(
    gateway: Target, backends: Backends, stats: Callable[[str], Counted], settings: Settings
) -> None:
    counted = stats("counted")
    before = {by: counted(by) for by in (BY_SERVER, BY_ROUTE, BY_CLUSTER)}
    back = replace(gateway, base=backends.service("counted", port=81).base)
    back.must_become(lambda r: r.status == 200, "200 through the other server")
    probed = counted(BY_SERVER)["back"]
    gateway.load(FRONT)
    back.load(BACK, path="/second")

    def grown(by: tuple[str, str], name: str) -> int:
        return counted(by)[name] - before[by].get(name, 0)

    def cluster(service: str) -> str:
        return f"outbound|80||{service}.{settings.namespace}.svc.cluster.local"

    def check() -> None:
        assert grown(BY_SERVER, "front") == FRONT
        assert counted(BY_SERVER)["back"] - probed == BACK
        assert grown(BY_ROUTE, "second-version") == BACK
        assert grown(BY_CLUSTER, cluster("echo-v1")) >= FRONT
        assert grown(BY_CLUSTER, cluster("echo-v2")) == BACK

    eventually(check, within=TIMEOUTS.config_takes_effect, what="counts", successes=1)
    assert set(counted(BY_SERVER)) == {"front", "back"}, "a server that nothing includes is counted"


def test_without_the_annotations_nothing_of_it_is_counted(gateway: Target, stats: Callable[[str], Counted]) -> None:
    counted = stats("echo,version=v1")
    assert gateway.send().status == 200
    assert [counted(by) for by in (BY_SERVER, BY_CLUSTER)] == [{}, {}]
