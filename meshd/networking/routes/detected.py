"""Routes for requests that were found on a port whose protocol nobody named.

The address has told the service already, so each such port has a route configuration of its own, in which every host
is the service's.
"""

from envoy.config.route.v3 import route_pb2

from meshd.model.memo import Reader
from meshd.model.resource import Resource, Scope
from meshd.model.service import Protocol
from meshd.networking.lookup import service_of
from meshd.networking.names import detected_route_name
from meshd.networking.proto import boolean, resource, uint32
from meshd.networking.routes.sidecar import LARGEST_DIRECT_RESPONSE, virtual_host_of
from meshd.networking.scopes import OutboundScope
from meshd.networking.visibility import services_in


def detected_routes(read: Reader, scope: Scope) -> tuple[tuple[int, str], ...]:
    """(port, host) of each port with a listener that looks for HTTP."""
    assert isinstance(scope, OutboundScope)
    return tuple(
        (port.port, service.hostname)
        for service in read.query(services_in, scope)
        for port in service.ports
        if port.protocol is Protocol.AUTO and (service.virtual_ips or service.headless)
    )


def build_detected_route(read: Reader, scope: Scope, item: object) -> Resource:
    assert isinstance(scope, OutboundScope)
    assert isinstance(item, tuple)
    port, host = item
    name = detected_route_name(host, port)
    service = read.query(service_of, host, scope.namespace)
    virtual_host, refs = virtual_host_of(read, scope, port, host, service, name, ["*"])
    route = route_pb2.RouteConfiguration(
        name=name,
        virtual_hosts=[virtual_host],
        validate_clusters=boolean(False),
        max_direct_response_body_size_bytes=uint32(LARGEST_DIRECT_RESPONSE),
    )
    return resource(name, route, refs)
