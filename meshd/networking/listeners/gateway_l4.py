"""Servers of a gateway that forward connections: TLS passed on by its server name, TLS that ends here, plain TCP."""

from collections.abc import Sequence
from functools import partial
from typing import Any

from meshd.model.memo import Reader
from meshd.model.reference import oldest_first
from meshd.model.route import RouteRules, WeightedDestination
from meshd.model.tables import ROUTE_RULES, exported
from meshd.networking.authorization.filters import network_rbac_filters, policies_for
from meshd.networking.authorization.log import authorization_logs
from meshd.networking.auto_passthrough import MESH_PROTOCOLS, is_auto, named_cluster, named_items
from meshd.networking.dynamic_dns import dynamic_dns_network_filters
from meshd.networking.gateways import BoundServer, intersection, server_hosts
from meshd.networking.listeners.detection import saying_it_is_not_http
from meshd.networking.listeners.l4 import Chain, tcp_chains, tls_chains
from meshd.networking.listeners.tcp import Weighted, tcp_proxy
from meshd.networking.listeners.telemetry.reporter import gateway_reporter
from meshd.networking.place import Place
from meshd.networking.routes.upstream import Upstreams
from meshd.networking.scopes import WorkloadScope


def l4_rules(read: Reader, bound: BoundServer) -> tuple[RouteRules, ...]:
    """The rules of a server's Gateway that share a host with the server, the oldest first."""
    if is_auto(bound):
        return ()
    found = (
        rules
        for rules in read.find(ROUTE_RULES, "gateway", bound.gateway.ref.key)
        if rules.tls or rules.tcp
        if exported(rules.export_to, rules.ref.namespace, bound.gateway.ref.namespace)
        if any(_shared(bound, rules, host) for host in rules.hosts)
    )
    return tuple(oldest_first(found))


def _shared(bound: BoundServer, rules: RouteRules, host: str) -> tuple[str, ...]:
    """What of `host` a server offers to `rules`."""
    found = (intersection(offered, host) for offered in server_hosts(bound.gateway, bound.server, rules.ref.namespace))
    return tuple(dict.fromkeys(each for each in found if each is not None))


def l4_chains(read: Reader, scope: WorkloadScope, bound: BoundServer) -> list[Chain]:
    """Chains of one server, without the TLS of a server that ends it; none while no rule says where to."""
    policies = read.query(policies_for, scope.namespace, scope.labels)
    reporter = gateway_reporter(read, scope)
    upstreams = Upstreams(read, scope.namespace, bound.server.port)

    def proxied(weighted: Weighted, told: Sequence[dict[str, Any]] = ()) -> list[dict[str, Any]]:
        proxy = tcp_proxy(weighted, reporter, authorization_logs(policies, is_http=False))
        return [*network_rbac_filters(read, policies), *told, proxy]

    def forward(destinations: tuple[WeightedDestination, ...]) -> list[dict[str, Any]]:
        weighted = [(upstreams.cluster(d.destination), d.weight) for d in destinations]
        named = dynamic_dns_network_filters(upstreams, destinations)
        return proxied(weighted, [*saying_it_is_not_http(upstreams, destinations), *named])

    if is_auto(bound):
        return [
            {"filter_chain_match": _named(name), "filters": proxied([(name, 1)])}
            for name in map(named_cluster, named_items(read, scope, bound))
        ]
    place = Place(bound.gateway.ref.key, bound.server.port, scope.namespace, scope.labels)
    rules = l4_rules(read, bound)
    if bound.passes_on:
        return tls_chains(rules, place, forward, partial(_shared, bound))
    return tcp_chains(rules, place, forward)


def _named(name: str) -> dict[str, Any]:
    """Mutual TLS of the mesh that asks for a service by its server name."""
    return {"transport_protocol": "tls", "server_names": [name], "application_protocols": MESH_PROTOCOLS}
