"""What servers of mode AUTO_PASSTHROUGH reach: the client's server name says the service, its port and its subset.

https://istio.io/latest/docs/reference/config/networking/gateway/#ServerTLSSettings-TLSmode
"""

from meshd.model.gateway import ServerTlsMode
from meshd.model.memo import Reader
from meshd.model.service import Protocol, Resolution, Service
from meshd.networking.clusters.rules import ClusterItem, subset_names
from meshd.networking.gateways import BoundServer, gateway_servers, intersection, server_hosts
from meshd.networking.scopes import Layer, OutboundScope, WorkloadScope
from meshd.networking.visibility import services_in

MESH_PROTOCOLS = (
    *("istio", "istio-http", "istio-peer-exchange"),
    *("istio-http/1.0", "istio-http/1.1", "istio-h2"),
)
"""ALPNs of mutual TLS: meshd's proxies and Istio's. A client may say what it likes, so endpoints that take none of it
are no destinations either.
"""


def is_auto(bound: BoundServer) -> bool:
    return bound.is_tls and bound.server.tls is not None and bound.server.tls.mode is ServerTlsMode.AUTO_PASSTHROUGH


def named_cluster(item: ClusterItem) -> str:
    """The server name, and the cluster that it stands for."""
    host, port, subset = item
    return f"outbound_.{port}_.{subset}_.{host}"


def clients_of(scope: WorkloadScope) -> OutboundScope:
    """A gateway as a client that sees all that its namespace does."""
    return OutboundScope(scope.namespace, layer=Layer.WHOLE)


def named_items(read: Reader, scope: WorkloadScope, bound: BoundServer) -> tuple[ClusterItem, ...]:
    """Ports and subsets of the services of the mesh that a server's hosts let in."""
    found: list[ClusterItem] = []
    for service in read.query(services_in, clients_of(scope)):
        if not _is_reached(service) or not _lets_in(bound, service.namespace, service.hostname):
            continue
        subsets = ("", *read.query(subset_names, scope.namespace, service.hostname, ()))
        for port in service.ports:
            if port.protocol is not Protocol.UDP:
                found += [(service.hostname, port.port, subset) for subset in subsets]
    return tuple(found)


def all_named_items(read: Reader, scope: WorkloadScope) -> tuple[ClusterItem, ...]:
    """The same for all servers of a gateway."""
    servers = (bound for bound in read.query(gateway_servers, scope) if is_auto(bound))
    return tuple(dict.fromkeys(item for bound in servers for item in named_items(read, scope, bound)))


def _is_reached(service: Service) -> bool:
    """A name with a wildcard is no server name that Envoy takes."""
    inside = service.resolution is Resolution.ENDPOINTS and not service.external
    return inside and "*" not in service.hostname


def _lets_in(bound: BoundServer, namespace: str, hostname: str) -> bool:
    hosts = server_hosts(bound.gateway, bound.server, namespace)
    return any(intersection(host, hostname) == hostname for host in hosts)
