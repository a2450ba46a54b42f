"""What the author of a root or a delegate should know: delegates that are not there, and routes left out."""

from collections.abc import Iterator

from meshd.model.delegation import reference
from meshd.model.memo import Reader
from meshd.model.merge import beyond
from meshd.model.route import HttpRoute, RouteRules
from meshd.model.tables import DELEGATES, ROUTE_RULES, exported
from meshd.networking.lookup import mesh_config


def delegation_advice(read: Reader, rules: RouteRules) -> Iterator[str]:
    """Warnings about what `rules` delegate, or about their part as a delegate."""
    if rules.hosts:
        for route in rules.http:
            if route.delegate:
                yield from _of_root(read, rules, route)
        return
    roots = read.find(ROUTE_RULES, "delegate", rules.ref.key)
    if not roots:
        yield "it has no hosts, and nothing delegates to it yet"
    for root in roots:
        for route in root.delegated:
            if route.delegate == rules.ref.key:
                yield from _left_out(root, route, rules)


def _of_root(read: Reader, root: RouteRules, route: HttpRoute) -> Iterator[str]:
    delegate, namespace = read.get(DELEGATES, route.delegate), root.ref.namespace
    if delegate is None:
        yield f"there is no delegate {reference(root, route.delegate)} yet: {_waits(read)}"
    elif not exported(delegate.export_to, delegate.ref.namespace, namespace):
        yield f"delegate {delegate.ref} is not exported to {namespace}: {_waits(read)}"
    else:
        yield from _left_out(root, route, delegate)


def _left_out(root: RouteRules, route: HttpRoute, delegate: RouteRules) -> Iterator[str]:
    for name in beyond(route, delegate):
        yield f"route {name} of {delegate.ref} matches beyond what {root.ref} delegates, and is left out"


def _waits(read: Reader) -> str:
    if mesh_config(read).hold_unresolved_rules:
        return "until it is, what was in force before stays"
    return "until it is, the route is left out"
