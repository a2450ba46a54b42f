"""Where a sidecar sends connections to services' ports that are not HTTP."""

from typing import Any

from meshd.model.hosts import wildcards
from meshd.model.memo import Reader
from meshd.model.route import MESH_GATEWAY, Destination, RouteRules, WeightedDestination
from meshd.model.service import Service, ServicePort
from meshd.networking.dynamic_dns import dynamic_dns_network_filters
from meshd.networking.listeners.detection import saying_it_is_not_http
from meshd.networking.listeners.l4 import Chain, Filters, takes_all, tcp_chains, tls_chains
from meshd.networking.listeners.shared import Network, rules_of, shared_chains
from meshd.networking.listeners.tcp import policy_settings, tcp_proxy
from meshd.networking.listeners.telemetry.reporter import Reporter
from meshd.networking.lookup import route_rules
from meshd.networking.place import Place
from meshd.networking.routes.upstream import Upstreams
from meshd.networking.scopes import OutboundScope
from meshd.networking.sidecars import sidecar_in

ANY_ADDRESS = "0.0.0.0"


def l4_rules(read: Reader, scope: OutboundScope, host: str) -> tuple[RouteRules, ...]:
    """The rules for connections to `host`: those for the name itself before those for a wildcard."""
    sidecar = sidecar_in(read, scope)
    for candidate in wildcards(host):
        found = tuple(
            rules
            for rules in read.query(route_rules, scope.namespace, MESH_GATEWAY, candidate)
            if rules.tls or rules.tcp
            if sidecar is None or sidecar.lets_in_rules(scope.namespace, rules.ref.namespace, rules.hosts)
        )
        if found:
            return found
    return ()


def l4_chains(
    read: Reader,
    scope: OutboundScope,
    port: ServicePort,
    service: Service,
    rules: tuple[RouteRules, ...],
    reporter: Reporter,
) -> list[Chain]:
    """TLS by its server name, then all else by its address; what no rule takes goes to the service itself."""
    forward, place = forwarding(read, scope, service, port.port, reporter), _place(scope, port.port)
    chains = [*tls_chains(rules, place, forward), *tcp_chains(rules, place, forward)]
    if not takes_all(chains):
        itself = Destination(service.hostname, port=port.port)
        chains.append({"filters": forward((WeightedDestination(itself, 1),))})
    return chains


def chains_of_several(
    read: Reader,
    scope: OutboundScope,
    at: tuple[str, int],
    services: tuple[Service, ...],
    reporter: Reporter,
    http: Network | None,
    unknown: str,
) -> tuple[list[Chain], tuple[RouteRules, ...]]:
    """Chains for services that share the listener at an address and port, and the rules they follow.

    `http` are the filters for HTTP, if it is served there too; `unknown` is the cluster for what is nobody's.
    """
    address, number = at
    rules: list[RouteRules] = []
    bound: list[RouteRules] = []
    for service in services:
        port = service.port(number)
        if port is not None and port.protocol.is_l4:
            own = l4_rules(read, scope, service.hostname)
            rules += own
            bound += rules_of(service, port, service.ranges if address == ANY_ADDRESS else (), own)
    rest = [tcp_proxy([(unknown, 1)], reporter)]
    chains = shared_chains(bound, _place(scope, number), forwarding(read, scope, None, number, reporter), http, rest)
    return chains, tuple(rules)


def forwarding(read: Reader, scope: OutboundScope, service: Service | None, number: int, reporter: Reporter) -> Filters:
    """Network filters for destinations. Who looked up a headless `service` is brought to the address that was found."""
    upstreams = Upstreams(read, scope.namespace, number, scope.labels, service.hostname if service else "")

    def forward(destinations: tuple[WeightedDestination, ...]) -> list[dict[str, Any]]:
        weighted = [(upstreams.cluster(d.destination), d.weight) for d in destinations]
        settings = policy_settings(upstreams.policy(destinations[0].destination), alone=len(destinations) == 1)
        told = saying_it_is_not_http(upstreams, destinations)
        named = dynamic_dns_network_filters(upstreams, destinations)
        return [*told, *named, tcp_proxy(weighted, reporter, **settings)]

    return forward


def _place(scope: OutboundScope, port: int) -> Place:
    return Place(MESH_GATEWAY, port, scope.namespace, scope.labels)
