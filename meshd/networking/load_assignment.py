"""ClusterLoadAssignment: endpoints by locality, each with what its workload is and whether it takes mutual TLS."""

from collections.abc import Iterable
from typing import Any

from meshd.model.canonical import app_of, version_of
from meshd.model.labels import Labels, selects
from meshd.model.memo import Reader
from meshd.model.service import Service, Workload
from meshd.networking.clusters.peers import takes_mtls
from meshd.networking.proto import struct, uint32
from meshd.networking.service_endpoints import ServiceEndpoint, service_endpoints


def load_assignment(read: Reader, name: str, service: Service, number: int, wanted: Labels) -> dict[str, Any]:
    """Fields for cluster `name`: the endpoints of a port whose labels are `wanted`."""
    endpoints = read.query(service_endpoints, service.namespace, service.hostname, number)
    chosen = (each for each in endpoints if selects(wanted, each.workload.labels if each.workload else ()))
    return {"cluster_name": name, "endpoints": by_locality(read, service, chosen)}


def by_locality(read: Reader, service: Service, endpoints: Iterable[ServiceEndpoint]) -> list[dict[str, Any]]:
    """LocalityLbEndpoints, each as heavy as its endpoints together."""
    found: dict[str, list[ServiceEndpoint]] = {}
    for each in endpoints:
        found.setdefault(each.endpoint.locality, []).append(each)
    return [
        {
            "locality": locality_of(place),
            "lb_endpoints": [_lb_endpoint(read, service, each) for each in members],
            "load_balancing_weight": uint32(sum(each.endpoint.weight for each in members)),
        }
        for place, members in sorted(found.items())
    ]


def locality_of(text: str) -> dict[str, str]:
    """From a zone, or "region/zone/subzone"."""
    if "/" not in text:
        return {"zone": text}
    return dict(zip(("region", "zone", "sub_zone"), text.split("/"), strict=False))


def _lb_endpoint(read: Reader, service: Service, each: ServiceEndpoint) -> dict[str, Any]:
    metadata: dict[str, Any] = {}
    if each.workload is not None:
        metadata["istio"] = _about(each.workload)
        if not service.external and takes_mtls(read, each.workload, each.port):
            metadata["envoy.transport_socket_match"] = struct({"tlsMode": "istio"})
    address = {"socket_address": {"address": each.endpoint.address, "port_value": each.port}}
    return {
        "endpoint": {"address": address},
        "metadata": {"filter_metadata": metadata},
        "load_balancing_weight": uint32(each.endpoint.weight),
    }


def _about(workload: Workload) -> Any:
    labels = dict(workload.labels)
    return struct(
        {
            "workload": workload.workload_name,
            "namespace": workload.namespace,
            "app": app_of(labels, workload.workload_name),
            "version": version_of(labels),
        }
    )
