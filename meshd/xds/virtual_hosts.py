"""Which virtual hosts a proxy is sent unasked: all of the route configurations that it asks for.

Their subscription names nothing (VHDS over delta); what it covers follows that of route configurations.
https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_conn_man/vhds
"""

from collections.abc import Callable, Iterable, Mapping, Set

from meshd.model.resource import Resource
from meshd.xds.subscription import Subscription

NO_VIRTUAL_HOST = "none"
"""Reported as removed for a route configuration without virtual hosts, whose listener would wait in vain."""


Visible = Callable[[], Iterable[Resource]]
"""Gives all virtual hosts that the proxy may see."""


class VirtualHosts:
    """Of one stream."""

    def __init__(self, routes: Subscription, virtual_hosts: Subscription) -> None:
        virtual_hosts.parent = routes
        self._routes = routes
        self._virtual_hosts = virtual_hosts
        self._held_routes: Set[str] = frozenset()
        self._held: Mapping[str, str] = {}

    def routes_opened(self, known: Mapping[str, str], visible: Visible) -> None:
        """Take what the proxy holds of route configurations (name to version) from an earlier stream."""
        self._held_routes = known.keys()
        self._open(visible)

    def opened(self, known: Mapping[str, str], visible: Visible) -> None:
        """Take what it holds of virtual hosts."""
        self._held = known
        self._open(visible)

    def routes_updated(self, added: Iterable[str], dropped: Iterable[str], visible: Visible) -> None:
        """Follow what the proxy asks for of route configurations."""
        self._forget(frozenset(dropped))
        self._owe(frozenset(added), visible)

    def _open(self, visible: Visible) -> None:
        """Once both types are open, send what the proxy does not hold from an earlier stream.

        Virtual hosts of a route configuration that it does not hold are of no use to it: it needs them again.
        """
        if not (self._routes.opened and self._virtual_hosts.opened):
            return
        kept = self._routes.names & self._held_routes
        held = {name: version for name, version in self._held.items() if _route_of(name) in kept}
        self._virtual_hosts.compare((r for r in visible() if _route_of(r.name) in kept), held)
        self._owe(self._routes.names - kept, visible)
        self._held_routes, self._held = frozenset(), {}

    def _owe(self, routes: frozenset[str], visible: Visible) -> None:
        """All virtual hosts of route configurations that the proxy asks for and holds nothing of."""
        if not routes or not self._virtual_hosts.opened:
            return
        empty = set(routes)
        for resource in visible():
            route = _route_of(resource.name)
            if route in routes:
                self._virtual_hosts.mark(resource.name, added=True)
                empty.discard(route)
        for route in empty:
            self._virtual_hosts.owe(f"{route}/{NO_VIRTUAL_HOST}")

    def _forget(self, routes: frozenset[str]) -> None:
        for name in [*self._virtual_hosts.pending, *self._virtual_hosts.search.refused]:
            if _route_of(name) in routes:
                self._virtual_hosts.forget(name)


def _route_of(virtual_host: str) -> str:
    return virtual_host.rpartition("/")[0]
