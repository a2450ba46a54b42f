"""Nothing listens to the world but what has to: as a pod outside the mesh sees it, and by each container's own sockets.

Ports of a sidecar: 15001 and 15006 take captured traffic, 15021 answers the kubelet, 15090 Prometheus. The admin
interfaces of Envoy (15000) and meshd (15080) are on loopback.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from acceptance.cluster import Cluster
from acceptance.control_plane import ADMIN_PORT, ADS_PORT, MONITORING_PORT, WEBHOOK_PORT
from acceptance.settings import CONTROL_PLANE
from acceptance.workloads import Workloads

ENVOY_ADMIN_PORT = 15000
OUTBOUND_PORT = 15001
INBOUND_PORT = 15006
HEALTH_PORT = 15021
METRICS_PORT = 15090
APP_PORT = 8080

ADMIN_PATHS = ("/", "/ready", "/config_dump", "/certs", "/clusters", "/server_info", "/stats", "/logging")
HEALTH_DETOURS = (
    *ADMIN_PATHS,
    "/healthz/ready/",
    "/healthz/readyx",
    "/healthz/ready/../../config_dump",
    "/healthz/ready/%2e%2e/%2e%2e/config_dump",
    "//healthz/ready",
    "/app-health/web/readyz/",
    "/app-health/web/readyz/../../..",
    "/app-health/web/startupz",
    "/app-health/other/readyz",
    "/index.html",
)
METRICS_DETOURS = (
    *ADMIN_PATHS,
    "/stats/prometheus/",
    "/stats/prometheus/../../config_dump",
    "/stats/prometheus/%2e%2e/%2e%2e/config_dump",
    "//stats/prometheus",
    "/stats/prometheus;/config_dump",
)
CHANGING_PATHS = ("/quitquitquit", "/healthcheck/fail", "/drain_listeners", "/logging?level=trace", "/reset_counters")

LISTEN = "0A"
"""https://www.kernel.org/doc/html/latest/networking/proc_net_tcp.html"""
LOOPBACK = ("0100007F", "00000000000000000000000001000000")


def listening(cluster: Cluster, namespace: str, pod: str, container: str) -> set[int]:
    """Ports that a container's network listens on at any address but loopback."""
    words = ("exec", "-n", namespace, pod, "-c", container, "--", "cat", "/proc/net/tcp", "/proc/net/tcp6")
    rows = [line.split() for line in cluster.kubectl(*words).splitlines()]
    sockets = [row[1].split(":") for row in rows if row[0] != "sl" and row[3] == LISTEN]
    return {int(port, 16) for address, port in sockets if address not in LOOPBACK}


def statuses(workloads: Workloads, port: int, paths: Sequence[str], method: str = "GET") -> Mapping[str, Any]:
    """Path -> status that the pod outside gets from the sidecar of `web`; None for no answer."""
    requests = [{"host": workloads.web.ip, "port": port, "path": path, "method": method} for path in paths]
    answers = workloads.outside.ask(requests)
    return {path: answer.get("status") for path, answer in zip(paths, answers, strict=True)}


def test_meshd_listens_for_proxies_webhooks_and_scrapes_only(cluster: Cluster) -> None:
    for pod in cluster.ready_pods(CONTROL_PLANE, "app=meshd"):
        found = listening(cluster, CONTROL_PLANE, pod["metadata"]["name"], "meshd")
        assert found == {ADS_PORT, MONITORING_PORT, WEBHOOK_PORT}


def test_a_sidecar_listens_for_traffic_probes_and_scrapes_only(cluster: Cluster, workloads: Workloads) -> None:
    web = workloads.web
    found = listening(cluster, web.namespace, web.name, web.container)
    assert found == {APP_PORT, OUTBOUND_PORT, INBOUND_PORT, HEALTH_PORT, METRICS_PORT}


def test_the_admin_api_of_meshd_is_refused_to_pods(cluster: Cluster, workloads: Workloads) -> None:
    ips = [pod["status"]["podIP"] for pod in cluster.ready_pods(CONTROL_PLANE, "app=meshd")]
    answers = workloads.outside.ask(
        [{"host": ip, "port": port, "path": path} for ip in ips for port, path in
         ((ADMIN_PORT, "/proxies"), (MONITORING_PORT, "/ready"))]
    )  # fmt: skip
    assert [answer.get("refused", False) for answer in answers] == [True, False] * len(ips)


@pytest.mark.parametrize("path", ["/proxies", "/config/x.y", "/rotate"])
def test_the_port_for_scrapes_serves_nothing_of_the_admin_api(
    cluster: Cluster, workloads: Workloads, path: str
) -> None:
    ip = cluster.ready_pods(CONTROL_PLANE, "app=meshd")[0]["status"]["podIP"]
    requests = [
        {"host": ip, "port": MONITORING_PORT, "path": path, "method": method, "headers": {"content-length": "0"}}
        for method in ("GET", "POST")
    ]
    assert [answer["status"] for answer in workloads.outside.ask(requests)] == [404, 404]


def test_envoys_admin_interface_answers_no_pod(cluster: Cluster, workloads: Workloads) -> None:
    """A sidecar captures the connection first, so it may be accepted; what matters is that no answer comes."""
    gateway = cluster.ready_pods(CONTROL_PLANE, "istio=ingressgateway")[0]["status"]["podIP"]
    to_gateway, to_sidecar = workloads.outside.ask(
        [{"host": ip, "port": ENVOY_ADMIN_PORT, "path": "/ready"} for ip in (gateway, workloads.web.ip)]
    )
    assert to_gateway.get("refused"), to_gateway
    assert to_sidecar.get("status") in (None, 503), to_sidecar


def test_the_health_port_serves_its_exact_paths_only(workloads: Workloads) -> None:
    served = ("/healthz/ready", "/app-health/web/readyz", "/app-health/web/livez")
    assert statuses(workloads, HEALTH_PORT, served) == dict.fromkeys(served, 200)
    assert statuses(workloads, HEALTH_PORT, HEALTH_DETOURS) == dict.fromkeys(HEALTH_DETOURS, 404)
    assert statuses(workloads, HEALTH_PORT, served, "POST") == dict.fromkeys(served, 404)


def test_the_metrics_port_serves_prometheus_only(workloads: Workloads) -> None:
    served = ("/stats/prometheus",)
    assert statuses(workloads, METRICS_PORT, served) == dict.fromkeys(served, 200)
    assert statuses(workloads, METRICS_PORT, METRICS_DETOURS) == dict.fromkeys(METRICS_DETOURS, 404)
    assert statuses(workloads, METRICS_PORT, served, "POST") == dict.fromkeys(served, 404)


@pytest.mark.parametrize("port", [HEALTH_PORT, METRICS_PORT])
def test_no_open_port_lets_anybody_stop_or_change_a_proxy(workloads: Workloads, port: int) -> None:
    assert statuses(workloads, port, CHANGING_PATHS, "POST") == dict.fromkeys(CHANGING_PATHS, 404)
    assert statuses(workloads, HEALTH_PORT, ["/healthz/ready"]) == {"/healthz/ready": 200}


@pytest.mark.parametrize("port", [OUTBOUND_PORT, INBOUND_PORT])
def test_a_request_to_a_port_for_captured_traffic_ends_there(cluster: Cluster, workloads: Workloads, port: int) -> None:
    """Passed through, it would come back without end until the proxy dies."""
    client = workloads.client
    answer, ready = workloads.outside.ask(
        [{"host": client.ip, "port": port}, {"host": client.ip, "port": HEALTH_PORT, "path": "/healthz/ready"}]
    )
    assert "status" not in answer, answer
    assert ready.get("status") == 200, ready
    pod = cluster.get("pod", "-n", client.namespace, client.name)
    proxy = next(status for status in pod["status"]["initContainerStatuses"] if status["name"] == "istio-proxy")
    assert (proxy["restartCount"], list(proxy["state"])) == (0, ["running"])
