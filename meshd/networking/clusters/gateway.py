"""Clusters that gateways have in place of the sidecars' own.

Where a sidecar passes on the HTTP version that it found on a port whose protocol nobody named, a gateway's clients say
nothing of what the service speaks: as in Istio it is HTTP/1.1. And the Secret that a DestinationRule's TLS names is for
gateways alone.
https://istio.io/latest/docs/ops/configuration/traffic-management/protocol-selection/#http-gateway-protocol-selection
https://istio.io/latest/docs/reference/config/networking/destination-rule/#ClientTLSSettings (credentialName)
"""

from meshd.model.memo import Reader
from meshd.model.resource import Resource, Scope
from meshd.model.service import Protocol
from meshd.networking.clusters.outbound import outbound_cluster, outbound_clusters
from meshd.networking.clusters.rules import ClusterItem, policy_of
from meshd.networking.lookup import service_of
from meshd.networking.scopes import Layer, OutboundScope


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
