"""meshd's replicas: their admin API through kubectl, and their logs."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

from acceptance.cluster import Cluster
from acceptance.settings import CONTROL_PLANE

ADMIN_PORT = 15080
ADS_PORT = 15012
MONITORING_PORT = 15014
WEBHOOK_PORT = 15017
SERVER_NAME = "meshd.istio-system.svc"
ANSWER_SECONDS = 10.0


@dataclass(frozen=True)
class ControlPlane:
    """All replicas, each reached through an open port-forward to its admin API: pod name -> local port."""

    cluster: Cluster
    admin_ports: dict[str, int]

    def states(self, namespace: str, pod: str) -> dict[str, dict[str, Any]]:
        """Type -> what the admin API tells of it for one proxy; AssertionError while it is not connected."""
        found = [p for p in self.proxies() if (p["namespace"], p["pod"]) == (namespace, pod)]
        assert found, f"no replica knows the proxy of {namespace}/{pod}"
        types: dict[str, dict[str, Any]] = found[-1]["types"]
        return types

    def proxies(self) -> list[dict[str, Any]]:
        """Proxies connected to any replica."""
        return [proxy for port in self.admin_ports.values() for proxy in _get(port, "/proxies")]

    def log_lines(self, words: Sequence[str], since: str) -> list[str]:
        """Lines of any replica's log since `since` (RFC 3339) that hold all of `words`."""
        logs = [
            self.cluster.kubectl("logs", "-n", CONTROL_PLANE, pod, f"--since-time={since}") for pod in self.admin_ports
        ]
        return [line for log in logs for line in log.splitlines() if all(word in line for word in words)]


@contextmanager
def reached(cluster: Cluster) -> Iterator[ControlPlane]:
    """The replicas that are ready, for the length of a block."""
    with ExitStack() as stack:
        pods = [pod["metadata"]["name"] for pod in cluster.ready_pods(CONTROL_PLANE, "app=meshd")]
        forwards = {pod: stack.enter_context(cluster.port_forward(CONTROL_PLANE, pod, ADMIN_PORT)) for pod in pods}
        yield ControlPlane(cluster, forwards)


def _get(port: int, path: str) -> Any:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=ANSWER_SECONDS) as answer:
        return json.load(answer)
