"""Outbound clusters: one for each visible service's port, and one more for each subset."""

from dataclasses import replace
from typing import Any

from envoy.config.cluster.v3 import cluster_pb2

from meshd.model.destination import ConnectionPool, TrafficPolicy
from meshd.model.memo import Reader
from meshd.model.resource import Resource, Scope
from meshd.model.service import Protocol, Resolution, Service, ServicePort
from meshd.networking.clusters.connection_pool import circuit_breakers, connection_settings, http_protocol_options
from meshd.networking.clusters.discovery import ORIGINAL_DST, as_meant, discovery
from meshd.networking.clusters.peers import endpoints_taking_mtls
from meshd.networking.clusters.policy import load_balancing, outlier_detection
from meshd.networking.clusters.rules import ClusterItem, policy_of, preference, subset_labels, subset_names
from meshd.networking.clusters.security import transport_security
from meshd.networking.clusters.tls import follow_request
from meshd.networking.dynamic_dns import dynamic_dns_cluster
from meshd.networking.lookup import destination_policy, service_of, sidecar_credentials
from meshd.networking.names import (
    AS_MEANT,
    BLACK_HOLE_CLUSTER,
    PASSTHROUGH_CLUSTER,
    outbound_cluster_name,
)
from meshd.networking.proto import duration, resource, struct
from meshd.networking.scopes import Layer, OutboundScope
from meshd.networking.visibility import services_in


def outbound_clusters(read: Reader, scope: Scope) -> tuple[ClusterItem, ...]:
    assert isinstance(scope, OutboundScope)
    builtin = () if scope.layer is Layer.OWN else (BLACK_HOLE_CLUSTER, PASSTHROUGH_CLUSTER)
    items: list[ClusterItem] = [(name, 0, "") for name in builtin]
    for service in read.query(services_in, scope):
        subsets = read.query(subset_names, scope.namespace, service.hostname, scope.labels)
        for port in service.ports:
            if port.protocol is not Protocol.UDP:
                wanted = ("", AS_MEANT, *subsets) if service.headless else ("", *subsets)
                items += [(service.hostname, port.port, subset) for subset in wanted]
    return tuple(items)


def build_outbound_cluster(read: Reader, scope: Scope, item: object) -> Resource | None:
    assert isinstance(scope, OutboundScope)
    assert isinstance(item, tuple)
    return outbound_cluster(read, scope, item)


def outbound_cluster(
    read: Reader, scope: OutboundScope, item: ClusterItem, *, at_gateway: bool = False
) -> Resource | None:
    """What gateways do otherwise than sidecars: see clusters.gateway."""
    if not item[1]:
        return resource(item[0], _builtin_cluster(item[0]))
    cluster = cluster_of(read, scope, item, at_gateway)
    rule = read.query(destination_policy, scope.namespace, item[0], scope.labels)
    return resource(cluster.name, cluster, [rule.ref] if rule else []) if cluster else None


def cluster_of(read: Reader, scope: OutboundScope, item: ClusterItem, at_gateway: bool) -> cluster_pb2.Cluster | None:
    """None without such a service or port."""
    host, number, subset = item
    service = read.query(service_of, host, scope.namespace)
    port = service.port(number) if service else None
    if service is None or port is None:
        return None
    policy = read.query(policy_of, scope.namespace, scope.labels, host, number, subset)
    credential = policy.tls.credential_name if policy.tls else ""
    known = read.query(sidecar_credentials, scope.namespace, scope.labels) if credential else frozenset()
    has_secrets = at_gateway or credential in known
    name = outbound_cluster_name(host, number, subset)
    pool = policy.connection_pool or ConnectionPool()
    settings: dict[str, Any] = {
        "circuit_breakers": circuit_breakers(pool, policy.retry_budget),
        "metadata": {"filter_metadata": {"istio": _metadata(read, service, port, subset)}},
        **connection_settings(pool),
        **_endpoints(read, scope, item, service, policy),
        **transport_security(read, service, port, subset, policy, has_secrets),
    }
    if port.protocol is Protocol.AUTO and not at_gateway and not pool.upgrade_to_http2:
        pool = replace(pool, use_client_protocol=True)
    if port.protocol.is_http or port.protocol is Protocol.AUTO:
        settings["typed_extension_protocol_options"] = http_protocol_options(
            pool,
            port.protocol.is_http2,
            names=follow_request(policy.tls, service.subject_alt_names),
            errors=policy.outlier_detection.http_error_codes if policy.outlier_detection else (),
        )
    if policy.outlier_detection is not None:
        settings["outlier_detection"] = outlier_detection(policy.outlier_detection)
    return cluster_pb2.Cluster(name=name, **settings)


def _endpoints(
    read: Reader, scope: OutboundScope, item: ClusterItem, service: Service, policy: TrafficPolicy
) -> dict[str, Any]:
    """Where endpoints come from and which of them is chosen, which is one question where the client decides both."""
    host, number, subset = item
    balancing = load_balancing(policy)
    lb_config = _lb_config(policy)
    if subset == AS_MEANT:
        return {"common_lb_config": lb_config, **as_meant(read, service, number)}
    if "type" in balancing or service.resolution is Resolution.ORIGINAL_DESTINATION:
        return {"common_lb_config": lb_config, **ORIGINAL_DST}
    if service.resolution is Resolution.DYNAMIC_DNS:
        return {"common_lb_config": lb_config, **dynamic_dns_cluster()}
    wanted = read.query(subset_labels, scope.namespace, scope.labels, host, subset)
    near = preference(read, scope, item)
    if near.setting is not None and near.setting.is_said:
        lb_config["locality_weighted_lb_config"] = {}
    name = outbound_cluster_name(*item)
    return {"common_lb_config": lb_config, **balancing, **discovery(read, name, service, number, wanted, near)}


def _lb_config(policy: TrafficPolicy) -> dict[str, Any]:
    """Endpoints that are out get nothing, however few are left, unless the rule says from how few on they do."""
    percent = policy.outlier_detection.min_health_percent if policy.outlier_detection else 0
    return {"healthy_panic_threshold": {"value": percent}}


def _metadata(read: Reader, service: Service, port: ServicePort, subset: str) -> Any:
    """What metrics name the destination by, and how much of it takes mutual TLS.

    The latter makes Envoy build the cluster anew when the endpoints' mode changes: their metadata alone would leave
    open connections as they are, in plaintext although mutual TLS is now asked for.
    """
    about = {"host": service.hostname, "name": service.name, "namespace": service.namespace}
    about["subset"] = "" if subset == AS_MEANT else subset
    return struct(about | {"mutual_tls": read.query(endpoints_taking_mtls, service, port.port)})


def _builtin_cluster(name: str) -> cluster_pb2.Cluster:
    if name == BLACK_HOLE_CLUSTER:
        return cluster_pb2.Cluster(name=name, type="STATIC", connect_timeout=duration(1))
    return cluster_pb2.Cluster(
        name=name,
        type="ORIGINAL_DST",
        lb_policy="CLUSTER_PROVIDED",
        connect_timeout=duration(10),
        circuit_breakers=circuit_breakers(ConnectionPool()),
    )
