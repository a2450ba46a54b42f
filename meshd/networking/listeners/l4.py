"""Routes for connections (VirtualService tls and tcp) as filter chains, the same at gateways and in sidecars.

Envoy takes the chain whose match is the most specific: first by destination address, then by server name, then by
the client's address. Where several rules ask for the same, the first one has it, and Envoy would refuse a second.
https://www.envoyproxy.io/docs/envoy/latest/api-v3/config/listener/v3/listener_components.proto
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from ipaddress import ip_network
from itertools import product
from typing import Any

from meshd.model.route import L4Match, L4Route, RouteRules, WeightedDestination
from meshd.networking.place import Place

Chain = dict[str, Any]
Filters = Callable[[tuple[WeightedDestination, ...]], list[dict[str, Any]]]
"""The network filters that forward to one of some destinations."""

Forwarding = tuple[L4Match, tuple[WeightedDestination, ...]]
Names = Callable[[RouteRules, str], Iterable[str]]

_Key = tuple[str, str, str]
"""(server name, destination subnet, source subnet): what Envoy tells chains apart by; "" stands for any."""
_ANY: _Key = ("", "", "")


def matches_at(rules: RouteRules, routes: Iterable[L4Route], place: Place) -> Iterator[Forwarding]:
    """The matches of `routes` that hold at `place` with where they lead, the first to be taken first."""
    for route in routes:
        for match in route.matches or (L4Match(),):
            if route.destinations and place.fulfils(match, rules):
                yield match, route.destinations


def tls_chains(rules: Iterable[RouteRules], place: Place, filters: Filters, names: Names | None = None) -> list[Chain]:
    """Chains by server name for TLS that is passed on as it is. `names` narrows a name that some rules ask for."""
    found = []
    for each in rules:
        for match, destinations in matches_at(each, each.tls, place):
            asked = [name.lower() for name in match.sni_hosts]
            allowed = [one for name in asked for one in (names(each, name) if names else (name,))]
            if allowed:
                found.append((replace(match, sni_hosts=tuple(allowed)), destinations))
    return _chains(found, filters, {"transport_protocol": "tls"})


def tcp_chains(rules: Iterable[RouteRules], place: Place, filters: Filters) -> list[Chain]:
    """Chains by address for connections of whatever protocol."""
    found = [forwarding for each in rules for forwarding in matches_at(each, each.tcp, place)]
    return _chains(found, filters, {})


def takes_all(chains: Iterable[Chain]) -> bool:
    """Whether one of `chains` leaves no connection to another."""
    return any("filter_chain_match" not in chain for chain in chains)


def _chains(found: Iterable[Forwarding], filters: Filters, protocol: dict[str, Any]) -> list[Chain]:
    taken: set[_Key] = set()
    chains: list[Chain] = []
    for match, destinations in found:
        keys = [key for key in dict.fromkeys(_keys(match)) if key not in taken]
        if _ANY in taken:
            break  # the rest is never asked, however specific it may be
        taken.update(keys)
        for narrowed in _together(keys):
            wanted = protocol | narrowed
            chain = {"filter_chain_match": wanted} if wanted else {}
            chains.append(chain | {"filters": filters(destinations)})
    return chains


def _together(keys: list[_Key]) -> list[dict[str, Any]]:
    """FilterChainMatches for `keys`, one for all server names that go by the same addresses."""
    names: dict[tuple[str, str], list[str]] = {}
    for name, target, source in keys:
        names.setdefault((target, source), []).append(name)
    return [_chain_match(found, target, source) for (target, source), found in names.items()]


def _keys(match: L4Match) -> Iterable[_Key]:
    names = tuple("" if name == "*" else name for name in match.sni_hosts) or ("",)
    targets = tuple(_subnet(block) for block in match.destination_subnets) or ("",)
    return product(names, targets, (_subnet(match.source_subnet),))


def _subnet(block: str) -> str:
    return str(ip_network(block, strict=False)) if block else ""


def _chain_match(names: list[str], target: str, source: str) -> dict[str, Any]:
    made: dict[str, Any] = {} if "" in names else {"server_names": names}
    if target:
        made["prefix_ranges"] = [_range(target)]
    if source:
        made["source_prefix_ranges"] = [_range(source)]
    return made


def _range(subnet: str) -> dict[str, Any]:
    address, _, length = subnet.partition("/")
    return {"address_prefix": address, "prefix_len": {"value": int(length)}}
