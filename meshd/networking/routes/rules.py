"""The rules for a host as a list of Envoy routes, in the order they are tried."""

from collections.abc import Iterable
from typing import Any

from meshd.model.delegation import delegates_of, reference
from meshd.model.reference import ObjectRef
from meshd.model.route import Destination, HttpMatch, HttpRoute, RouteRules
from meshd.networking.place import Place
from meshd.networking.routes.action import action_fields
from meshd.networking.routes.cors import cors_config
from meshd.networking.routes.fault import fault_config
from meshd.networking.routes.match import route_match, takes_all
from meshd.networking.routes.upstream import Upstreams


def routes_of(rules: tuple[RouteRules, ...], place: Place, upstreams: Upstreams) -> list[dict[str, Any]]:
    """Routes of all `rules` for requests that come in at `place`; empty where none of them is for it.

    Rules come one after the other; within the whole, those that match everything go last, so that they hide no other
    object's. https://istio.io/latest/docs/ops/best-practices/traffic-management/#split-virtual-services
    """
    return in_order([route for owner in rules for route in _reached(owner, place, upstreams)])


def sources(rules: Iterable[RouteRules]) -> list[ObjectRef]:
    """The objects that `rules` are made from: themselves and their delegates."""
    return [ref for each in rules for ref in (each.ref, *(reference(each, key) for key in delegates_of(each)))]


def in_order(routes: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Those that take every request last, else as they come."""
    return sorted(routes, key=lambda route: takes_all(route["match"]))


def _reached(owner: RouteRules, place: Place, upstreams: Upstreams) -> list[dict[str, Any]]:
    """One object's routes up to the first that takes every request: what it put behind that stays hidden."""
    made: list[dict[str, Any]] = []
    for rule in owner.http:
        for match in rule.matches or (HttpMatch(),):
            if place.fulfils(match, owner):
                made.append(_route(rule, match, owner, place, upstreams))
                if takes_all(made[-1]["match"]):
                    return made
    return made


def _route(rule: HttpRoute, match: HttpMatch, owner: RouteRules, place: Place, upstreams: Upstreams) -> dict[str, Any]:
    route: dict[str, Any] = {"match": route_match(match), **action_fields(rule, place, upstreams)}
    route["decorator"] = {"operation": _operation(rule, owner)}
    of_filters = {
        **(fault_config(rule.fault) if rule.fault is not None else {}),
        **(cors_config(rule.cors) if rule.cors is not None else {}),
    }
    if of_filters:
        route["typed_per_filter_config"] = of_filters
    name = f"{rule.name}.{match.name}" if match.name else rule.name
    if name:
        route["name"] = name
    if match.stat_prefix:
        route["stat_prefix"] = match.stat_prefix
    return route


def _operation(rule: HttpRoute, owner: RouteRules) -> str:
    """The span's name: where the request is going."""
    if rule.destinations:
        destination: Destination = rule.destinations[0].destination
        return f"{destination.host}:{destination.port}/*" if destination.port else f"{destination.host}/*"
    return f"{owner.hosts[0]}/*"
