"""The Kubernetes objects of the measured mesh, as JSON. Pure.

Services are spread over a few namespaces. Each has two versions, an EndpointSlice with its pods, a VirtualService that
shares requests out between the versions, and a DestinationRule that names them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

Object = dict[str, Any]

NAMESPACES = 10
SYSTEM_NAMESPACE = "istio-system"
PODS_PER_SERVICE = 2
SPARE_PODS = 300
"""A multiple of NAMESPACES: as many of them in each."""
PORT, TARGET_PORT = 80, 8080
INJECTED = "sidecar.istio.io/status"


def namespace_of(number: int) -> str:
    """Of the service `number`, and of its pods."""
    return f"bench-{number % NAMESPACES}"


def service_name(number: int) -> str:
    """The same length for every number: none is a part of another."""
    return f"service-{number:05d}"


def host_of(number: int) -> str:
    return f"{service_name(number)}.{namespace_of(number)}.svc.cluster.local"


def pod_name(pod: int, services: int) -> str:
    return f"{service_name(pod % services)}-{pod:05d}"


def pod_address(pod: int) -> str:
    return f"10.{100 + pod // 22500}.{100 + pod // 150 % 150}.{100 + pod % 150}"


def spare_address(number: int) -> str:
    """One that no pod has, always 14 characters long: none is a part of another."""
    return f"10.250.{100 + number // 150 % 150}.{100 + number % 150}"


def pod_count(services: int, proxies: int) -> int:
    """Pods of the mesh: each proxy is one of them."""
    return max(services * PODS_PER_SERVICE, proxies)


def namespaces() -> Iterator[Object]:
    for name in (SYSTEM_NAMESPACE, *(f"bench-{number}" for number in range(NAMESPACES))):
        yield {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}


def service(number: int) -> Object:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": service_name(number), "namespace": namespace_of(number)},
        "spec": {
            "selector": {"app": service_name(number)},
            "ports": [{"name": "http", "port": PORT, "targetPort": TARGET_PORT}],
        },
    }


def version_of(pod: int, services: int) -> str:
    return f"v{1 + pod // services % 2}"


def pod(number: int, services: int) -> Object:
    app = service_name(number % services)
    return _pod(pod_name(number, services), namespace_of(number % services), app, version_of(number, services))


def spare_pod(number: int) -> Object:
    """A pod of the mesh that belongs to no service yet: endpoints change from and to these."""
    return _pod(f"spare-{number:05d}", namespace_of(number), "spare", "v1")


def spare_for(service: int, turn: int) -> int:
    """The spare pod that a service gets when it is changed for the `turn`th time: another one of its namespace."""
    return (service // NAMESPACES + turn) * NAMESPACES % SPARE_PODS + service % NAMESPACES


def _pod(name: str, namespace: str, app: str, version: str) -> Object:
    """As an injector leaves it: with a sidecar that takes mutual TLS."""
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": name,
            "namespace": namespace,
            "labels": {"app": app, "version": version, "security.istio.io/tlsMode": "istio"},
            "annotations": {INJECTED: "{}"},
        },
        "spec": {
            "nodeName": "node",
            "automountServiceAccountToken": False,
            "containers": [
                {"name": "app", "image": "app", "ports": [{"name": "http", "containerPort": TARGET_PORT}]},
                {"name": "istio-proxy", "image": "proxy"},
            ],
        },
    }


def pod_status(address: str) -> Object:
    """A running, ready pod."""
    ready = [{"type": name, "status": "True"} for name in ("Ready", "ContainersReady", "PodScheduled", "Initialized")]
    return {"status": {"phase": "Running", "podIP": address, "podIPs": [{"ip": address}], "conditions": ready}}


def endpoint_slice(number: int, endpoints: list[Object]) -> Object:
    return {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {
            "name": service_name(number),
            "namespace": namespace_of(number),
            "labels": {"kubernetes.io/service-name": service_name(number)},
        },
        "addressType": "IPv4",
        "ports": [{"name": "http", "port": TARGET_PORT, "protocol": "TCP"}],
        "endpoints": endpoints,
    }


def pod_endpoints(number: int, services: int, pods: int) -> list[Object]:
    """Those of the service `number`."""
    return [pod_endpoint(pod(each, services), pod_address(each)) for each in range(number, pods, services)]


def pod_endpoint(target: Object, address: str) -> Object:
    name, namespace = target["metadata"]["name"], target["metadata"]["namespace"]
    return {**plain_endpoint(address), "targetRef": {"kind": "Pod", "name": name, "namespace": namespace}}


def plain_endpoint(address: str) -> Object:
    """An address behind which there is no pod."""
    return {"addresses": [address], "conditions": {"ready": True}}


def virtual_service(number: int) -> Object:
    return {
        "apiVersion": "networking.istio.io/v1",
        "kind": "VirtualService",
        "metadata": {"name": service_name(number), "namespace": namespace_of(number)},
        "spec": virtual_service_spec(number, "first"),
    }


def virtual_service_spec(number: int, mark: str) -> Object:
    """90/10 between the versions, and a request header that holds `mark`."""
    host = host_of(number)
    route = [{"destination": {"host": host, "subset": subset}, "weight": w} for subset, w in (("v1", 90), ("v2", 10))]
    return {"hosts": [host], "http": [{"headers": {"request": {"set": {"x-mark": mark}}}, "route": route}]}


def destination_rule(number: int) -> Object:
    subsets = [{"name": version, "labels": {"version": version}} for version in ("v1", "v2")]
    return {
        "apiVersion": "networking.istio.io/v1",
        "kind": "DestinationRule",
        "metadata": {"name": service_name(number), "namespace": namespace_of(number)},
        "spec": {"host": host_of(number), "subsets": subsets},
    }
