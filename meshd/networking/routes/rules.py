"""The rules for a host as a list of Envoy routes, in the order they are tried."""

from typing import Any

from meshd.model.route import Destination, HttpMatch, HttpRoute, RouteRules
from meshd.networking.place import Place
from meshd.networking.routes.action import action_fields
from meshd.networking.routes.cors import cors_config
from meshd.networking.routes.fault import fault_config
from meshd.networking.routes.match import CATCH_ALL, route_match
from meshd.networking.routes.upstream import Upstreams


def routes_of(rules: tuple[RouteRules, ...], place: Place, upstreams: Upstreams) -> list[dict[str, Any]]:
    """Routes of all `rules` for requests that come in at `place`.

    Rules come one after the other; within the whole, those that match everything go last, so that they hide no other
    object's. https://istio.io/latest/docs/ops/best-practices/traffic-management/#split-virtual-services
    """
    made = [route for owner in rules for rule in owner.http for route in _routes(rule, owner, place, upstreams)]
    if len(rules) > 1:
        made.sort(key=lambda route: route["match"] == CATCH_ALL)
    return made


def _routes(rule: HttpRoute, owner: RouteRules, place: Place, upstreams: Upstreams) -> list[dict[str, Any]]:
    chosen = [match for match in rule.matches or (HttpMatch(),) if place.fulfils(match, owner)]
    if not chosen:
        return []
    fields = action_fields(rule, upstreams)
    fields["decorator"] = {"operation": _operation(rule, owner)}
    of_filters = {
        **(fault_config(rule.fault) if rule.fault is not None else {}),
        **(cors_config(rule.cors) if rule.cors is not None else {}),
    }
    if of_filters:
        fields["typed_per_filter_config"] = of_filters
    if rule.name:
        fields["name"] = rule.name
    return [{"match": route_match(match), **fields} for match in chosen]


def _operation(rule: HttpRoute, owner: RouteRules) -> str:
    """The span's name: where the request is going."""
    if rule.destinations:
        destination: Destination = rule.destinations[0].destination
        return f"{destination.host}:{destination.port}/*" if destination.port else f"{destination.host}/*"
    return f"{owner.hosts[0]}/*"
