"""Probes that strict mutual TLS would break, led through the proxy's health port.

The kubelet has no identity in the mesh. Its probes of the app go to the proxy's health port (never captured, plain
HTTP), each to a path of its own, and Envoy asks the app: an HTTP request for an HTTP probe, an active health check
for a TCP or gRPC probe. Hooks of the lifecycle that are HTTP requests go the same way.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Any

from meshd.inject.settings import CONTAINER, HEALTH_PORT

Json = dict[str, Any]
_PROBES = {"livenessProbe": "livez", "readinessProbe": "readyz", "startupProbe": "startupz"}
_HOOKS = {"postStart": "poststart", "preStop": "prestop"}


class ProbeKind(Enum):
    HTTP = "http"
    HTTPS = "https"
    TCP = "tcp"
    GRPC = "grpc"


@dataclass(frozen=True, slots=True)
class ProbeTarget:
    """What stands behind `path` of the health port: `port` of the app, and for HTTP its `app_path`.

    `period` and `timeout` are seconds, for the health checks of TCP and gRPC; `service` is gRPC's.
    """

    path: str
    kind: ProbeKind
    port: int
    app_path: str = "/"
    service: str = ""
    period: int = 10
    timeout: int = 1

    @property
    def asks_by_request(self) -> bool:
        """True where the kubelet's own request goes on to the app."""
        return self.kind in (ProbeKind.HTTP, ProbeKind.HTTPS)


def rewrite_probes(spec: Json) -> tuple[Json, tuple[ProbeTarget, ...]]:
    """A copy of the pod's spec with rewritten probes, and what the health port has to serve for them."""
    spec = copy.deepcopy(spec)
    targets = [target for container in _containers(spec) for target in _rewrite(container)]
    return spec, tuple(targets)


def _containers(spec: Json) -> Iterator[Json]:
    for container in (*spec.get("initContainers", ()), *spec.get("containers", ())):
        if container["name"] != CONTAINER:
            yield container


def _rewrite(container: Json) -> Iterator[ProbeTarget]:
    for field, word in _PROBES.items():
        yield from _lead(container, container.get(field) or {}, f"/app-health/{container['name']}/{word}")
    hooks = container.get("lifecycle") or {}
    for field, word in _HOOKS.items():
        hook = hooks.get(field) or {}
        if "httpGet" in hook:
            yield from _lead(container, hook, f"/app-lifecycle/{container['name']}/{word}")


def _lead(container: Json, probe: Json, path: str) -> Iterator[ProbeTarget]:
    target = _target(container, probe, path)
    if target is not None:
        yield target
        _redirect(probe, target)


def _target(container: Json, probe: Json, path: str) -> ProbeTarget | None:
    """What a probe asks of the app, or None for one that does not concern the proxy."""
    handler = probe.get("httpGet") or probe.get("tcpSocket") or probe.get("grpc")
    if not handler or handler.get("host"):
        return None
    port = _port(container, handler["port"])
    if port is None:
        return None
    timing = {"period": probe.get("periodSeconds", 10), "timeout": probe.get("timeoutSeconds", 1)}
    if "httpGet" in probe:
        kind = ProbeKind.HTTPS if handler.get("scheme") == "HTTPS" else ProbeKind.HTTP
        app_path = handler.get("path") or "/"
        return ProbeTarget(path, kind, port, app_path if app_path.startswith("/") else f"/{app_path}", **timing)
    if "grpc" in probe:
        return ProbeTarget(path, ProbeKind.GRPC, port, service=handler.get("service") or "", **timing)
    return ProbeTarget(path, ProbeKind.TCP, port, **timing)


def _port(container: Json, port: int | str) -> int | None:
    """The number of a named port; None when the container has no such port (the kubelet will say so)."""
    if isinstance(port, int) or port.isdecimal():
        return int(port)
    ports = container.get("ports", ())
    return next((each["containerPort"] for each in ports if each.get("name") == port), None)


def _redirect(probe: Json, target: ProbeTarget) -> None:
    """Headers of the probe stay: Envoy passes them on."""
    headers = probe.get("httpGet", {}).get("httpHeaders")
    for field in ("httpGet", "tcpSocket", "grpc"):
        probe.pop(field, None)
    probe["httpGet"] = {"path": target.path, "port": HEALTH_PORT, "scheme": "HTTP"}
    if headers:
        probe["httpGet"]["httpHeaders"] = headers
