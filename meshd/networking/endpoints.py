"""Endpoints: the ready addresses behind a cluster, each with what its workload is and whether it takes mutual TLS."""

from typing import Any

from envoy.config.endpoint.v3 import endpoint_pb2

from meshd.model.canonical import app_of, version_of
from meshd.model.labels import Labels, selects
from meshd.model.memo import Reader
from meshd.model.resource import Resource, Scope
from meshd.model.service import Endpoint, Workload
from meshd.model.tables import ENDPOINT_SLICES, WORKLOADS
from meshd.networking.clusters.outbound import ClusterItem, outbound_clusters
from meshd.networking.clusters.peers import takes_mtls
from meshd.networking.lookup import destination_policy, service_of
from meshd.networking.names import outbound_cluster_name
from meshd.networking.proto import resource, struct, uint32
from meshd.networking.scopes import OutboundScope


def outbound_endpoints(read: Reader, scope: Scope) -> tuple[ClusterItem, ...]:
    return tuple(item for item in read.query(outbound_clusters, scope) if item[1])


def build_endpoints(read: Reader, scope: Scope, item: object) -> Resource | None:
    assert isinstance(scope, OutboundScope)
    assert isinstance(item, tuple)
    host, number, subset = item
    service = read.query(service_of, host)
    port = service.port(number) if service else None
    if port is None:
        return None
    wanted = read.query(subset_labels, scope.namespace, scope.labels, host, subset)
    lb_endpoints: dict[str, list[dict[str, Any]]] = {}
    for endpoint_slice in read.find(ENDPOINT_SLICES, "hostname", host):
        target = dict(endpoint_slice.ports).get(port.name)
        if target is None:
            continue
        for endpoint in endpoint_slice.endpoints:
            workload = read.get(WORKLOADS, endpoint.workload) if endpoint.workload else None
            if selects(wanted, workload.labels if workload else ()):
                made = _lb_endpoint(read, endpoint, target, workload)
                lb_endpoints.setdefault(endpoint.locality, []).append(made)
    name = outbound_cluster_name(host, number, subset)
    localities = [_locality(zone, members) for zone, members in sorted(lb_endpoints.items())]
    return resource(name, endpoint_pb2.ClusterLoadAssignment(cluster_name=name, endpoints=localities))


def subset_labels(read: Reader, namespace: str, labels: Labels, host: str, subset: str) -> Labels:
    policy = read.query(destination_policy, namespace, host, labels) if subset else None
    return next((s.labels for s in policy.subsets if s.name == subset), ()) if policy else ()


def _locality(zone: str, members: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "locality": {"zone": zone},
        "lb_endpoints": members,
        "load_balancing_weight": uint32(len(members)),
    }


def _lb_endpoint(read: Reader, endpoint: Endpoint, port: int, workload: Workload | None) -> dict[str, Any]:
    metadata: dict[str, Any] = {}
    if workload is not None:
        metadata["istio"] = _about(workload)
        if takes_mtls(read, workload, port):
            metadata["envoy.transport_socket_match"] = struct({"tlsMode": "istio"})
    address = {"socket_address": {"address": endpoint.address, "port_value": port}}
    return {
        "endpoint": {"address": address},
        "metadata": {"filter_metadata": metadata},
        "load_balancing_weight": uint32(1),
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
