"""LbEndpoint: what all clients are told alike of one endpoint, whatever clusters it is in.

That is where it is, what its workload is, and whether it takes mutual TLS: made once, for all subsets and clients.
"""

from dataclasses import dataclass, field

from envoy.config.endpoint.v3 import endpoint_components_pb2
from google.protobuf.struct_pb2 import Struct

from meshd.model.canonical import app_of, version_of
from meshd.model.memo import Reader
from meshd.model.service import Workload
from meshd.networking.clusters.peers import takes_mtls
from meshd.networking.proto import struct, uint32
from meshd.networking.service_endpoints import ServiceEndpoint, service_endpoints

_TAKES_MTLS = struct({"tlsMode": "istio"})


@dataclass(frozen=True, slots=True)
class ToldEndpoint(ServiceEndpoint):
    """`message` is the LbEndpoint."""

    takes_mtls: bool = False
    message: endpoint_components_pb2.LbEndpoint = field(default_factory=endpoint_components_pb2.LbEndpoint, repr=False)


def told_endpoints(
    read: Reader, namespace: str, hostname: str, number: int, external: bool
) -> tuple[ToldEndpoint, ...]:
    """Endpoints as `service_endpoints` gives them. Those of an `external` service are reached without mutual TLS."""
    return tuple(_told(read, each, external) for each in read.query(service_endpoints, namespace, hostname, number))


def _told(read: Reader, each: ServiceEndpoint, external: bool) -> ToldEndpoint:
    workload = each.workload
    metadata: dict[str, Struct] = {}
    mtls = workload is not None and takes_mtls(read, workload, each.port)
    if workload is not None:
        metadata["istio"] = _about(workload)
        if mtls and not external:
            metadata["envoy.transport_socket_match"] = _TAKES_MTLS
    address = {"socket_address": {"address": each.endpoint.address, "port_value": each.port}}
    message = endpoint_components_pb2.LbEndpoint(
        endpoint={"address": address},
        metadata={"filter_metadata": metadata},
        load_balancing_weight=uint32(each.endpoint.weight),
    )
    return ToldEndpoint(each.endpoint, each.port, workload, each.locality, mtls, message)


def _about(workload: Workload) -> Struct:
    labels = dict(workload.labels)
    return struct(
        {
            "workload": workload.workload_name,
            "namespace": workload.namespace,
            "app": app_of(labels, workload.workload_name),
            "version": version_of(labels),
        }
    )
