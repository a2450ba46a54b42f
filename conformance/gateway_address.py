"""Where pods reach the ingress gateway."""

from __future__ import annotations

from typing import Any

from conformance.kubernetes import Kubernetes
from conformance.settings import Settings


def gateway_address(kubernetes: Kubernetes, settings: Settings) -> str:
    """The gateway Service's own address."""
    key, value = settings.gateway_selector.split("=")
    services: list[dict[str, Any]] = kubernetes.get("services", "-n", settings.gateway_namespace)["items"]
    for service in services:
        spec = service["spec"]
        if (spec.get("selector") or {}).get(key) == value and any(port["port"] == 443 for port in spec["ports"]):
            return str(spec["clusterIP"])
    raise LookupError(f"no Service of the gateway {settings.gateway_selector} has port 443")
