"""ClusterLoadAssignment: endpoints by locality, each with what its workload is and whether it takes mutual TLS."""

from typing import Any

from meshd.model.canonical import app_of, version_of
from meshd.model.labels import Labels, selects
from meshd.model.memo import Reader
from meshd.model.service import Service, Workload
from meshd.networking.clusters.peers import takes_mtls
from meshd.networking.preference import Group, Preference, grouped
from meshd.networking.proto import text_struct, uint32
from meshd.networking.service_endpoints import ServiceEndpoint, service_endpoints

TAKES_MTLS = text_struct(tlsMode="istio")


def load_assignment(
    read: Reader,
    name: str,
    service: Service,
    number: int,
    wanted: Labels,
    near: Preference,
    only_mutual_tls: bool = False,
) -> dict[str, Any]:
    """Fields for cluster `name`: the endpoints of a port whose labels are `wanted`, as a client prefers them."""
    endpoints = read.query(service_endpoints, service.namespace, service.hostname, number)
    chosen = [each for each in endpoints if selects(wanted, each.workload.labels if each.workload else ())]
    if only_mutual_tls:
        chosen = [each for each in chosen if each.workload and takes_mtls(read, each.workload, each.port)]
    groups = grouped(chosen, near)
    return {"cluster_name": name, "endpoints": [_locality_lb_endpoints(read, service, group) for group in groups]}


def _locality_lb_endpoints(read: Reader, service: Service, group: Group) -> dict[str, Any]:
    at = group.locality
    return {
        "locality": {"region": at.region, "zone": at.zone, "sub_zone": at.sub_zone},
        "priority": group.priority,
        "lb_endpoints": [_lb_endpoint(read, service, each) for each in group.members],
        "load_balancing_weight": uint32(group.weight),
    }


def _lb_endpoint(read: Reader, service: Service, each: ServiceEndpoint) -> dict[str, Any]:
    metadata: dict[str, Any] = {}
    if each.workload is not None:
        metadata["istio"] = _about(each.workload)
        if not service.external and takes_mtls(read, each.workload, each.port):
            metadata["envoy.transport_socket_match"] = TAKES_MTLS
    address = {"socket_address": {"address": each.endpoint.address, "port_value": each.port}}
    return {
        "endpoint": {"address": address},
        "metadata": {"filter_metadata": metadata},
        "load_balancing_weight": uint32(each.endpoint.weight),
    }


def _about(workload: Workload) -> Any:
    labels = dict(workload.labels)
    return text_struct(
        workload=workload.workload_name,
        namespace=workload.namespace,
        app=app_of(labels, workload.workload_name),
        version=version_of(labels),
    )
