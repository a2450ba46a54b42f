"""Clusters that gateways have in place of the sidecars' own.

Where a sidecar passes on the HTTP version that it found on a port whose protocol nobody named, a gateway's clients say
nothing of what the service speaks: as in Istio it is HTTP/1.1. And the Secret that a DestinationRule's TLS names is for
gateways alone.
Those that servers of mode AUTO_PASSTHROUGH name take the client's bytes as they are.
https://istio.io/latest/docs/ops/configuration/traffic-management/protocol-selection/#http-gateway-protocol-selection
https://istio.io/latest/docs/reference/config/networking/destination-rule/#ClientTLSSettings (credentialName)
"""

from meshd.model.memo import Reader
from meshd.model.resource import Resource, Scope
from meshd.model.service import Protocol
from meshd.networking.auto_passthrough import all_named_items, clients_of, named_cluster
from meshd.networking.clusters.outbound import cluster_of, outbound_cluster, outbound_clusters
from meshd.networking.clusters.rules import ClusterItem, policy_of
from meshd.networking.lookup import destination_policy, service_of
from meshd.networking.proto import resource
from meshd.networking.scopes import Layer, OutboundScope, WorkloadScope


def gateway_clusters(read: Reader, scope: Scope) -> tuple[ClusterItem, ...]:
    """Of a namespace's own services all: they go before what other namespaces see, be it for gateways alone."""
    assert isinstance(scope, OutboundScope)
    items = (item for item in read.query(outbound_clusters, scope) if item[1])
    return tuple(item for item in items if scope.layer is Layer.OWN or _is_otherwise(read, scope, item))


def _is_otherwise(read: Reader, scope: OutboundScope, item: ClusterItem) -> bool:
    host, number, _ = item
    service = read.query(service_of, host, scope.namespace)
    port = service.port(number) if service else None
    policy = read.query(policy_of, scope.namespace, scope.labels, *item)
    return (port is not None and port.protocol is Protocol.AUTO) or bool(policy.tls and policy.tls.credential_name)


def build_gateway_cluster(read: Reader, scope: Scope, item: object) -> Resource | None:
    assert isinstance(scope, OutboundScope)
    assert isinstance(item, tuple)
    return outbound_cluster(read, scope, item, at_gateway=True)


def named_clusters(read: Reader, scope: Scope) -> tuple[ClusterItem, ...]:
    assert isinstance(scope, WorkloadScope)
    return all_named_items(read, scope)


def build_named_cluster(read: Reader, scope: Scope, item: object) -> Resource | None:
    """As the cluster that a sidecar has, without the TLS and HTTP of its own, and with endpoints of its own."""
    assert isinstance(scope, WorkloadScope)
    assert isinstance(item, tuple)
    cluster = cluster_of(read, clients_of(scope), item, at_gateway=True)
    if cluster is None:
        return None
    for field in ("transport_socket", "transport_socket_matches", "typed_extension_protocol_options"):
        cluster.ClearField(field)
    cluster.name = named_cluster(item)
    rule = read.query(destination_policy, scope.namespace, item[0], ())
    return resource(cluster.name, cluster, [rule.ref] if rule else [])
