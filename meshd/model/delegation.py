"""Rules that leave some of their routes to other objects, filled in with those objects' routes.

A root is for hosts and names delegates; a delegate has routes and no hosts. Both change on their own: a change of a
delegate alters its roots and no other rules.

changes as they come -> `Delegation.admit` -> the same, roots complete and delegates in a table of their own
https://istio.io/latest/docs/reference/config/networking/virtual-service/#Delegate
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from meshd.model.merge import merged_routes
from meshd.model.reference import ObjectRef
from meshd.model.route import HttpRoute, RouteRules
from meshd.model.tables import DELEGATES, ROUTE_RULES, Change, exported


class Delegation:
    """Remembers roots and delegates as they were offered, not the many rules that are neither."""

    def __init__(self) -> None:
        self._roots: dict[str, RouteRules] = {}
        self._delegates: dict[str, RouteRules] = {}
        self._roots_of: dict[str, dict[str, None]] = {}

    def admit(self, changes: Iterable[Change]) -> list[Change]:
        """The changes with every root complete that they touch. A root says what it misses."""
        admitted: list[Change] = []
        touched: dict[str, None] = {}
        for table, key, value in changes:
            if table is ROUTE_RULES:
                self._offer(key, value, admitted, touched)
            else:
                admitted.append((table, key, value))
        admitted += [(ROUTE_RULES, key, self._complete(self._roots[key])) for key in touched if key in self._roots]
        return admitted

    def _offer(self, key: str, rules: RouteRules | None, admitted: list[Change], touched: dict[str, None]) -> None:
        old = self._roots.pop(key, None)
        for delegate in delegates_of(old) if old else ():
            self._roots_of[delegate].pop(key, None)
        was_delegate = self._delegates.pop(key, None) is not None
        if rules is not None and not rules.hosts:
            self._delegates[key] = rules
            admitted += [(ROUTE_RULES, key, None), (DELEGATES, key, rules)]
        elif rules is not None and any(route.delegate for route in rules.http):
            self._roots[key] = rules
            touched[key] = None
            for delegate in delegates_of(rules):
                self._roots_of.setdefault(delegate, {})[key] = None
        else:
            admitted.append((ROUTE_RULES, key, rules))
        if was_delegate and key not in self._delegates:
            admitted.append((DELEGATES, key, None))
        if was_delegate or key in self._delegates:
            touched.update(self._roots_of.get(key, {}))

    def _complete(self, root: RouteRules) -> RouteRules:
        found = [tuple(self._routes(root, route)) for route in root.http]
        missing = [name for route in root.http if (name := self._missing(root, route))]
        return replace(
            root,
            http=tuple(route for routes in found for route in routes),
            delegated=tuple(route for route in root.http if route.delegate),
            missing=tuple(dict.fromkeys(missing)),
        )

    def _routes(self, root: RouteRules, route: HttpRoute) -> Iterator[HttpRoute]:
        if not route.delegate:
            yield route
        elif not self._missing(root, route):
            yield from merged_routes(route, self._delegates[route.delegate])

    def _missing(self, root: RouteRules, route: HttpRoute) -> str:
        """What a route delegates to that is not there for `root`; "" when nothing is missing."""
        if not route.delegate:
            return ""
        delegate, namespace = self._delegates.get(route.delegate), root.ref.namespace
        if delegate is None:
            return f"delegate {reference(root, route.delegate)}"
        if not exported(delegate.export_to, delegate.ref.namespace, namespace):
            return f"delegate {delegate.ref}, which is not exported to {namespace}"
        return ""


def delegates_of(root: RouteRules) -> tuple[str, ...]:
    """The keys of the delegates that a root names."""
    return tuple(dict.fromkeys(route.delegate for route in (root.delegated or root.http) if route.delegate))


def reference(root: RouteRules, key: str) -> ObjectRef:
    """A delegate's name: it is of its root's kind."""
    return ObjectRef(root.ref.kind, *key.split("/"))
