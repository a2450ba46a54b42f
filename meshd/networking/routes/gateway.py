"""What a gateway does with requests from outside: the rules that name one of its Gateway objects."""

from typing import Any

from envoy.config.route.v3 import route_components_pb2

from meshd.model.memo import Reader
from meshd.model.reference import oldest_first
from meshd.model.resource import Resource, Scope
from meshd.model.route import RouteRules
from meshd.model.tables import ROUTE_RULES, exported
from meshd.networking.gateways import (
    BoundServer,
    gateway_servers,
    intersection,
    served,
    server_hosts,
)
from meshd.networking.names import virtual_host_name
from meshd.networking.place import Place
from meshd.networking.proto import resource
from meshd.networking.routes.rules import in_order, routes_of, sources
from meshd.networking.routes.sidecar import route_configuration
from meshd.networking.routes.upstream import Upstreams
from meshd.networking.scopes import WorkloadScope


def gateway_routes(read: Reader, scope: Scope) -> tuple[str, ...]:
    """Names of the gateway's route configurations."""
    assert isinstance(scope, WorkloadScope)
    servers = [s for s in read.query(gateway_servers, scope) if s.is_http and served(read, scope, s)]
    return tuple(dict.fromkeys(server.route for server in servers))


def build_gateway_route(read: Reader, scope: Scope, item: object) -> Resource:
    return resource(str(item), route_configuration(str(item), []))


def attached_rules(
    read: Reader, scope: WorkloadScope, route: str
) -> tuple[tuple[str, tuple[tuple[BoundServer, RouteRules], ...]], ...]:
    """(host, the rules for it with the server they come in by), sorted by host, the oldest rules first."""
    found: dict[str, dict[tuple[BoundServer, RouteRules], None]] = {}
    for bound in read.query(gateway_servers, scope):
        if bound.route != route:
            continue
        for rules in oldest_first(read.find(ROUTE_RULES, "gateway", bound.gateway.ref.key)):
            if not exported(rules.export_to, rules.ref.namespace, bound.gateway.ref.namespace):
                continue
            for host in _hosts(bound, rules):
                found.setdefault(host, {})[(bound, rules)] = None
    return tuple((host, tuple(pairs)) for host, pairs in sorted(found.items()))


def _hosts(bound: BoundServer, rules: RouteRules) -> list[str]:
    offered = server_hosts(bound.gateway, bound.server, rules.ref.namespace)
    shared = (intersection(host, wanted) for host in offered for wanted in rules.hosts)
    return [host for host in dict.fromkeys(shared) if host is not None]


def gateway_virtual_hosts(read: Reader, scope: Scope) -> tuple[tuple[str, str], ...]:
    assert isinstance(scope, WorkloadScope)
    return tuple(
        (route, host)
        for route in gateway_routes(read, scope)
        for host in dict.fromkeys(
            [
                *(host for host, _ in read.query(attached_rules, scope, route)),
                *_redirected(read, scope, route),
            ]
        )
    )


def _redirected(read: Reader, scope: WorkloadScope, route: str) -> list[str]:
    """Hosts of servers that send everybody to HTTPS, whether a rule names them or not."""
    return [
        host.rpartition("/")[2]
        for bound in read.query(gateway_servers, scope)
        if bound.route == route and bound.server.tls and bound.server.tls.https_redirect
        for host in bound.server.hosts
    ]


def build_gateway_virtual_host(read: Reader, scope: Scope, item: object) -> Resource | None:
    assert isinstance(scope, WorkloadScope)
    assert isinstance(item, tuple)
    route, host = item
    pairs = dict(read.query(attached_rules, scope, route)).get(host, ())
    routes: list[dict[str, Any]] = []
    for gateway, port, tls in dict.fromkeys((b.gateway.ref.key, b.server.port, b.is_tls) for b, _ in pairs):
        rules = dict.fromkeys(rules for bound, rules in pairs if bound.gateway.ref.key == gateway)
        upstreams = Upstreams(read, scope.namespace, port)
        routes += routes_of(tuple(rules), Place(gateway, port, scope.namespace, tls=tls), upstreams)
    name = virtual_host_name(route, host)
    settings: dict[str, Any] = {"require_tls": "ALL"} if host in _redirected(read, scope, route) else {}
    virtual_host = route_components_pb2.VirtualHost(
        name=name, domains=[host], routes=in_order(routes), include_request_attempt_count=True, **settings
    )
    return resource(name, virtual_host, sources(rules for _, rules in pairs))
