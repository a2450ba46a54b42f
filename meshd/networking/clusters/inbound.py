"""Inbound clusters: the application beside the proxy, reached at the address the client meant."""

from dataclasses import replace
from typing import Any

from envoy.config.cluster.v3 import cluster_pb2

from meshd.model.destination import ConnectionPool
from meshd.model.memo import Reader
from meshd.model.resource import Resource, Scope
from meshd.networking.clusters.connection_pool import circuit_breakers, connection_settings, http_protocol_options
from meshd.networking.inbound_ports import InboundPort, inbound_ports
from meshd.networking.names import INBOUND_PASSTHROUGH_CLUSTER, inbound_cluster_name
from meshd.networking.proto import resource, struct, uint32
from meshd.networking.scopes import WorkloadScope

LOOP_GUARD = {"source_address": {"address": "127.0.0.6", "port_value": 0}}
"""Traffic from this address is known by the pod's iptables rules to have passed the inbound proxy."""


def inbound_clusters(read: Reader, scope: Scope) -> tuple[int, ...]:
    assert isinstance(scope, WorkloadScope)
    return (0, *(bound.number for bound in read.query(inbound_ports, scope)))


def build_inbound_cluster(read: Reader, scope: Scope, item: object) -> Resource | None:
    assert isinstance(scope, WorkloadScope)
    if item == 0:
        return resource(INBOUND_PASSTHROUGH_CLUSTER, _cluster(INBOUND_PASSTHROUGH_CLUSTER, ConnectionPool(), {}))
    for bound in read.query(inbound_ports, scope):
        if bound.number == item:
            name = inbound_cluster_name(bound.number)
            return resource(name, _cluster(name, bound.pool, _about(bound)))
    return None


def _about(bound: InboundPort) -> dict[str, Any]:
    """What is particular to one port's cluster."""
    settings: dict[str, Any] = {}
    if bound.service is not None:
        service = bound.service
        about = struct({"host": service.hostname, "name": service.name, "namespace": service.namespace})
        settings["metadata"] = {"filter_metadata": {"istio": about}}
    if bound.is_http:
        assert bound.port is not None
        settings["typed_extension_protocol_options"] = http_protocol_options(bound.pool, bound.port.protocol.is_http2)
    elif bound.is_detected:
        pool = replace(bound.pool, use_client_protocol=True)
        settings["typed_extension_protocol_options"] = http_protocol_options(pool, http2=False)
    return settings | _endpoint(bound)


def _endpoint(bound: InboundPort) -> dict[str, Any]:
    """Where a Sidecar's ingress listener says that the application listens.

    https://istio.io/latest/docs/reference/config/networking/sidecar/#IstioIngressListener
    """
    if bound.endpoint is None:
        return {}
    address, port = bound.endpoint
    if address in ("0.0.0.0", "::") and bound.bind:
        address = "127.0.0.1"  # what was not captured has no address that it was meant for
    if address in ("0.0.0.0", "::"):
        return {"original_dst_lb_config": {"upstream_port_override": uint32(port)}}
    at = {"address": {"socket_address": {"address": address, "port_value": port}}}
    return {
        "type": "STATIC",
        "lb_policy": "ROUND_ROBIN",
        "upstream_bind_config": None,
        "load_assignment": {
            "cluster_name": inbound_cluster_name(bound.number),
            "endpoints": [{"lb_endpoints": [{"endpoint": at}]}],
        },
    }


def _cluster(name: str, pool: ConnectionPool, settings: dict[str, Any]) -> cluster_pb2.Cluster:
    fields: dict[str, Any] = {
        "type": "ORIGINAL_DST",
        "lb_policy": "CLUSTER_PROVIDED",
        "upstream_bind_config": LOOP_GUARD,
        "circuit_breakers": circuit_breakers(pool),
        **connection_settings(pool),
        **settings,
    }
    return cluster_pb2.Cluster(name=name, **fields)
