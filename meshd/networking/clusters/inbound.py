"""Inbound clusters: the application beside the proxy, reached at the address the client meant."""

from typing import Any

from envoy.config.cluster.v3 import cluster_pb2

from meshd.model.destination import ConnectionPool
from meshd.model.memo import Reader
from meshd.model.resource import Resource, Scope
from meshd.model.service import Service, ServicePort
from meshd.networking.clusters.policy import circuit_breakers, http_protocol_options
from meshd.networking.inbound_ports import inbound_ports
from meshd.networking.names import INBOUND_PASSTHROUGH_CLUSTER, inbound_cluster_name
from meshd.networking.proto import duration, resource, struct
from meshd.networking.scopes import WorkloadScope

LOOP_GUARD = {"source_address": {"address": "127.0.0.6", "port_value": 0}}
"""Traffic from this address is known by the pod's iptables rules to have passed the inbound proxy."""


def inbound_clusters(read: Reader, scope: Scope) -> tuple[int, ...]:
    assert isinstance(scope, WorkloadScope)
    return (0, *(bound.number for bound in read.query(inbound_ports, scope)))


def build_inbound_cluster(read: Reader, scope: Scope, item: object) -> Resource | None:
    assert isinstance(scope, WorkloadScope)
    if item == 0:
        return resource(INBOUND_PASSTHROUGH_CLUSTER, _cluster(INBOUND_PASSTHROUGH_CLUSTER))
    for bound in read.query(inbound_ports, scope):
        if bound.number == item:
            name = inbound_cluster_name(bound.number)
            return resource(name, _cluster(name, bound.service, bound.port))
    return None


def _cluster(name: str, service: Service | None = None, port: ServicePort | None = None) -> cluster_pb2.Cluster:
    settings: dict[str, Any] = {}
    if service is not None:
        about = struct({"host": service.hostname, "name": service.name, "namespace": service.namespace})
        settings["metadata"] = {"filter_metadata": {"istio": about}}
    if port is not None and port.protocol.is_http:
        settings["typed_extension_protocol_options"] = http_protocol_options(ConnectionPool(), port.protocol.is_http2)
    return cluster_pb2.Cluster(
        name=name,
        type="ORIGINAL_DST",
        lb_policy="CLUSTER_PROVIDED",
        connect_timeout=duration(10),
        upstream_bind_config=LOOP_GUARD,
        circuit_breakers=circuit_breakers(ConnectionPool()),
        **settings,
    )
