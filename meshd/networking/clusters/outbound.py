"""Outbound clusters: one for each visible service's port, and one more for each subset."""

from dataclasses import replace
from typing import Any

from envoy.config.cluster.v3 import cluster_pb2

from meshd.model.destination import ClientTls, ConnectionPool, TlsMode, TrafficPolicy
from meshd.model.labels import Labels
from meshd.model.memo import Reader
from meshd.model.resource import Resource, Scope
from meshd.model.service import Protocol, Service, ServicePort
from meshd.networking.clusters.connection_pool import circuit_breakers, connection_settings, http_protocol_options
from meshd.networking.clusters.peers import endpoint_identities, endpoints_taking_mtls
from meshd.networking.clusters.policy import effective_policy, load_balancing, outlier_detection
from meshd.networking.clusters.tls import PLAINTEXT, behind_proxy_header, client_tls_socket, follow_request
from meshd.networking.lookup import destination_policy, service_of
from meshd.networking.mtls import ALPN_MESH, ALPN_MESH_HTTP, upstream_mtls_socket
from meshd.networking.names import (
    BLACK_HOLE_CLUSTER,
    PASSTHROUGH_CLUSTER,
    outbound_cluster_name,
)
from meshd.networking.proto import ADS, duration, resource, struct
from meshd.networking.scopes import Layer, OutboundScope
from meshd.networking.visibility import services_in

ClusterItem = tuple[str, int, str]
"""(host, port, subset)"""

RAW_BUFFER = {"name": "tlsMode-disabled", "match": {}, "transport_socket": PLAINTEXT}


def outbound_clusters(read: Reader, scope: Scope) -> tuple[ClusterItem, ...]:
    assert isinstance(scope, OutboundScope)
    builtin = () if scope.layer is Layer.OWN else (BLACK_HOLE_CLUSTER, PASSTHROUGH_CLUSTER)
    items: list[ClusterItem] = [(name, 0, "") for name in builtin]
    for service in read.query(services_in, scope):
        subsets = read.query(subset_names, scope.namespace, service.hostname, scope.labels)
        for port in service.ports:
            if port.protocol is not Protocol.UDP:
                items += [(service.hostname, port.port, subset) for subset in ("", *subsets)]
    return tuple(items)


def subset_names(read: Reader, namespace: str, hostname: str, labels: Labels) -> tuple[str, ...]:
    policy = read.query(destination_policy, namespace, hostname, labels)
    return tuple(subset.name for subset in policy.subsets) if policy else ()


def build_outbound_cluster(read: Reader, scope: Scope, item: object) -> Resource | None:
    assert isinstance(scope, OutboundScope)
    assert isinstance(item, tuple)
    return outbound_cluster(read, scope, item)


def outbound_cluster(
    read: Reader, scope: OutboundScope, item: ClusterItem, *, follow_client: bool = True
) -> Resource | None:
    """`follow_client`: a port whose protocol nobody named is spoken to in the client's version of HTTP."""
    host, number, subset = item
    if not number:
        return resource(host, _builtin_cluster(host))
    service = read.query(service_of, host)
    port = service.port(number) if service else None
    if service is None or port is None:
        return None
    rule = read.query(destination_policy, scope.namespace, host, scope.labels)
    policy = read.query(policy_of, scope.namespace, scope.labels, host, number, subset)
    name = outbound_cluster_name(host, number, subset)
    pool = policy.connection_pool or ConnectionPool()
    settings: dict[str, Any] = {
        "type": "EDS",
        "eds_cluster_config": {"eds_config": ADS},
        "circuit_breakers": circuit_breakers(pool, policy.retry_budget),
        "common_lb_config": {"healthy_panic_threshold": {"value": 0}},
        "metadata": {"filter_metadata": {"istio": _metadata(read, service, port, subset)}},
        **connection_settings(pool),
        **load_balancing(policy),
        **_security(read, service, port, policy),
    }
    if settings["type"] == "ORIGINAL_DST":
        del settings["eds_cluster_config"]
    if port.protocol is Protocol.AUTO and follow_client and not pool.upgrade_to_http2:
        pool = replace(pool, use_client_protocol=True)
    if port.protocol.is_http or port.protocol is Protocol.AUTO:
        settings["typed_extension_protocol_options"] = http_protocol_options(
            pool,
            port.protocol.is_http2,
            names=follow_request(policy.tls),
            errors=policy.outlier_detection.http_error_codes if policy.outlier_detection else (),
        )
    if policy.outlier_detection is not None:
        settings["outlier_detection"] = outlier_detection(policy.outlier_detection)
        settings["common_lb_config"]["healthy_panic_threshold"]["value"] = policy.outlier_detection.min_health_percent
    return resource(name, cluster_pb2.Cluster(name=name, **settings), [rule.ref] if rule else [])


def policy_of(read: Reader, namespace: str, labels: Labels, host: str, port: int, subset: str) -> TrafficPolicy:
    """How clients in `namespace` with `labels` talk to one port and subset of `host`."""
    rule = read.query(destination_policy, namespace, host, labels)
    if rule is None:
        return TrafficPolicy()
    chosen = next((s.policy for s in rule.subsets if s.name == subset), None)
    return effective_policy(rule.policy, port, chosen)


def _metadata(read: Reader, service: Service, port: ServicePort, subset: str) -> Any:
    """What metrics name the destination by, and how much of it takes mutual TLS.

    The latter makes Envoy build the cluster anew when the endpoints' mode changes: their metadata alone would leave
    open connections as they are, in plaintext although mutual TLS is now asked for.
    """
    about = {"host": service.hostname, "name": service.name, "namespace": service.namespace, "subset": subset}
    return struct(about | {"mutual_tls": read.query(endpoints_taking_mtls, service.hostname, port.name)})


def _security(read: Reader, service: Service, port: ServicePort, policy: TrafficPolicy) -> dict[str, Any]:
    security = _tls(read, service, port, policy)
    return behind_proxy_header(security, policy.proxy_protocol) if policy.proxy_protocol else security


def _tls(read: Reader, service: Service, port: ServicePort, policy: TrafficPolicy) -> dict[str, Any]:
    """Mutual TLS towards each endpoint that takes it, unless the policy says otherwise.

    The service's name is shown as SNI: by it the server's proxy tells in metrics which of its services was called.
    """
    tls = policy.tls
    if tls is not None and tls.mode is TlsMode.DISABLE:
        return {}
    if tls is not None and tls.mode is not TlsMode.ISTIO_MUTUAL:
        return {"transport_socket": client_tls_socket(tls, _alpn(port, policy))}
    known = read.query(endpoint_identities, service.hostname, port.name)
    sans, sni = _expected(tls, known, service.hostname)
    socket = upstream_mtls_socket(sni, sans, _mesh_alpn(port, policy))
    if tls is not None:
        return {"transport_socket": socket}
    match = {"name": "tlsMode-istio", "match": struct({"tlsMode": "istio"}), "transport_socket": socket}
    return {"transport_socket_matches": [match, RAW_BUFFER]}


def _alpn(port: ServicePort, policy: TrafficPolicy) -> tuple[str, ...]:
    """The HTTP version offered in TLS. Where it is the client's, Envoy offers that of each connection by itself."""
    pool = policy.connection_pool or ConnectionPool()
    if not port.protocol.is_http or pool.use_client_protocol:
        return ()
    return ("h2",) if port.protocol.is_http2 or pool.upgrade_to_http2 else ("http/1.1",)


def _mesh_alpn(port: ServicePort, policy: TrafficPolicy) -> tuple[str, ...]:
    """The mesh's own protocol names, then HTTP's version. Offered none of these, the server looks at the first bytes.

    On a port whose protocol nobody named it is HTTP unless a connection says otherwise (listeners.detection).
    """
    if port.protocol is Protocol.AUTO:
        return (ALPN_MESH_HTTP, ALPN_MESH)
    return (ALPN_MESH, *_alpn(port, policy)) if port.protocol.is_http else (ALPN_MESH, "http/1.1")


def _expected(tls: ClientTls | None, known: tuple[str, ...], sni: str) -> tuple[tuple[str, ...], str]:
    if tls is None:
        return known, sni
    return tls.subject_alt_names or known, tls.sni or sni


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
