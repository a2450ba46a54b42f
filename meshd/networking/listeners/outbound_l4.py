"""Where a sidecar sends connections to a service's port that is not HTTP."""

from typing import Any

from meshd.model.hosts import wildcards
from meshd.model.memo import Reader
from meshd.model.route import MESH_GATEWAY, Destination, RouteRules, WeightedDestination
from meshd.model.service import ServicePort
from meshd.networking.listeners.detection import saying_it_is_not_http
from meshd.networking.listeners.l4 import Chain, takes_all, tcp_chains, tls_chains
from meshd.networking.listeners.tcp import policy_settings, tcp_proxy
from meshd.networking.listeners.telemetry.reporter import Reporter
from meshd.networking.lookup import route_rules
from meshd.networking.place import Place
from meshd.networking.routes.upstream import Upstreams
from meshd.networking.scopes import OutboundScope
from meshd.networking.sidecars import sidecar_in


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
    host: str,
    rules: tuple[RouteRules, ...],
    reporter: Reporter,
) -> list[Chain]:
    """TLS by its server name, then all else by its address; what no rule takes goes to the service itself."""
    upstreams = Upstreams(read, scope.namespace, port.port, scope.labels)

    def forward(destinations: tuple[WeightedDestination, ...]) -> list[dict[str, Any]]:
        weighted = [(upstreams.cluster(d.destination), d.weight) for d in destinations]
        settings = policy_settings(upstreams.policy(destinations[0].destination), alone=len(destinations) == 1)
        told = saying_it_is_not_http(upstreams, destinations)
        return [*told, tcp_proxy(weighted, reporter, **settings)]

    place = Place(MESH_GATEWAY, port.port, scope.namespace, scope.labels)
    chains = [*tls_chains(rules, place, forward), *tcp_chains(rules, place, forward)]
    if not takes_all(chains):
        itself = Destination(host, port=port.port)
        chains.append({"filters": forward((WeightedDestination(itself, 1),))})
    return chains
