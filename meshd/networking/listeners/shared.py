"""Listeners that several services share: told apart by server name and range of addresses, where not by an address.

Hosts of ServiceEntries may have no address of their own, only a port, or the same address as others.
https://istio.io/latest/docs/reference/config/networking/service-entry/
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from meshd.model.memo import Reader
from meshd.model.reference import ObjectRef
from meshd.model.route import Destination, L4Match, L4Route, RouteRules, WeightedDestination
from meshd.model.service import Service, ServicePort
from meshd.model.tables import SERVICES
from meshd.networking.listeners.l4 import Chain, Filters, takes_all, tcp_chains, tls_chains
from meshd.networking.lookup import service_of
from meshd.networking.place import Place
from meshd.networking.scopes import OutboundScope
from meshd.networking.visibility import services_in

Network = list[dict[str, Any]]
"""Network filters."""
TLS = {"transport_protocol": "tls"}


def by_port(read: Reader, scope: OutboundScope, port: int) -> tuple[Service, ...]:
    """Services without addresses of their own that clients of a scope know at `port`, the oldest first."""
    return _known(read, scope, read.find(SERVICES, "by_port", port), port)


def at_address(read: Reader, scope: OutboundScope, address: str, port: int) -> tuple[Service, ...]:
    """Services whose connections go to one address and port, the oldest first."""
    return _known(read, scope, read.find(SERVICES, "bound", (address, port)), port)


def _known(read: Reader, scope: OutboundScope, services: Iterable[Service], port: int) -> tuple[Service, ...]:
    hosts = dict.fromkeys(service.hostname for service in services)
    if scope.sidecar:
        known = [service for service in read.query(services_in, scope) if service.hostname in hosts]
    else:
        found = (read.query(service_of, host, scope.namespace) for host in hosts)
        known = [service for service in found if service is not None]
    seen = (service for service in known if service.port(port) is not None)
    return tuple(sorted(seen, key=lambda service: (bool(service.entry), service.created, service.key)))


def shared_chains(
    rules: Iterable[RouteRules], place: Place, forward: Filters, http: Network | None, unknown: Network
) -> list[Chain]:
    """Filter chains for `rules`; what none of them takes goes to `http`, or without it to `unknown`.

    Where `http` is served, it has all that is not TLS and is for no range of addresses.
    """
    rules = tuple(rules)
    tls, tcp = tls_chains(rules, place, forward), tcp_chains(rules, place, forward)
    if http is not None:
        others = [{"filter_chain_match": TLS, "filters": unknown}] if tls and not _takes_tls(tls) else []
        return [*tls, *(chain for chain in tcp if not takes_all([chain])), *others, {"filters": http}]
    return [*tls, *tcp] if takes_all(tcp) else [*tls, *tcp, {"filters": unknown}]


def _takes_tls(chains: Iterable[Chain]) -> bool:
    return any(chain["filter_chain_match"] == TLS for chain in chains)


def rules_of(
    service: Service, port: ServicePort, ranges: tuple[str, ...], rules: Iterable[RouteRules]
) -> Iterator[RouteRules]:
    """What goes to `service` at `port`: as `rules` say, else to the service itself.

    What a rule does not ask of a connection is asked all the same, or it would take that of others: the server name
    where the service speaks TLS, an address in its `ranges` where it has some.
    """
    names = (service.hostname,) if port.protocol.is_tls else ()
    bound = L4Match(sni_hosts=names, destination_subnets=ranges)
    for each in rules:
        if names:
            yield replace(each, tls=_bound((*each.tls, *each.tcp), bound), tcp=())
        else:
            yield replace(each, tls=_bound(each.tls, bound), tcp=_bound(each.tcp, bound))
    itself = (WeightedDestination(Destination(service.hostname, port=port.port), 1),)
    in_range = L4Match(destination_subnets=ranges)
    yield RouteRules(
        ObjectRef("ServiceEntry", service.namespace, service.entry),
        (service.hostname,),
        tls=(L4Route((bound,), itself),) if names else (),
        tcp=(L4Route((in_range,), itself),) if ranges or not names else (),
    )


def _bound(routes: Iterable[L4Route], bound: L4Match) -> tuple[L4Route, ...]:
    return tuple(
        replace(route, matches=tuple(_narrowed(match, bound) for match in route.matches or (L4Match(),)))
        for route in routes
    )


def _narrowed(match: L4Match, bound: L4Match) -> L4Match:
    return replace(
        match,
        sni_hosts=match.sni_hosts or bound.sni_hosts,
        destination_subnets=match.destination_subnets or bound.destination_subnets,
    )
