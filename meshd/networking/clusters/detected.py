"""A gateway's clusters for ports whose protocol nobody named.

Where a sidecar passes on the HTTP version that it found, a gateway's clients say nothing of what the service speaks: as
in Istio it is HTTP/1.1.
https://istio.io/latest/docs/ops/configuration/traffic-management/protocol-selection/#http-gateway-protocol-selection
"""

from meshd.model.memo import Reader
from meshd.model.resource import Resource, Scope
from meshd.model.service import Protocol
from meshd.networking.clusters.outbound import outbound_cluster
from meshd.networking.clusters.rules import ClusterItem, subset_names
from meshd.networking.scopes import OutboundScope
from meshd.networking.visibility import services_in


def gateway_detected_clusters(read: Reader, scope: Scope) -> tuple[ClusterItem, ...]:
    assert isinstance(scope, OutboundScope)
    return tuple(
        (service.hostname, port.port, subset)
        for service in read.query(services_in, scope)
        for port in service.ports
        if port.protocol is Protocol.AUTO
        for subset in ("", *read.query(subset_names, scope.namespace, service.hostname, scope.labels))
    )


def build_gateway_detected_cluster(read: Reader, scope: Scope, item: object) -> Resource | None:
    assert isinstance(scope, OutboundScope)
    assert isinstance(item, tuple)
    return outbound_cluster(read, scope, item, follow_client=False)
