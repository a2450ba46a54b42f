"""Which streams see which scope, and what is in it: a change of a scope is noted by these streams and no others."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from meshd.model.resource import Delta, Resource, Scope
from meshd.networking.engine import Lease
from meshd.networking.scopes import ProxyScope
from meshd.xds.stream import Stream
from meshd.xds.view import Collection, View


@dataclass(slots=True)
class _Audience:
    """The streams that see one scope, and what they see."""

    collection: Collection
    streams: dict[Stream, None] = field(default_factory=dict)


class Audiences:
    """Nothing is kept of a scope that no stream sees. `resources` gives all that a scope in use holds."""

    def __init__(self, resources: Callable[[Scope], Iterable[Resource]]) -> None:
        self._resources = resources
        self._by_scope: dict[Scope, _Audience] = {}
        self._by_group: dict[ProxyScope, dict[Stream, None]] = {}

    def __len__(self) -> int:
        """How many scopes are seen."""
        return len(self._by_scope)

    def view(self, lease: Lease) -> View:
        """What a stream with `lease` sees; `listen` keeps it up to date."""
        return View(lease, {t: tuple(map(self._collection, keys)) for t, keys in lease.scopes.items()})

    def listen(self, stream: Stream) -> None:
        """Tell `stream` of changes to what its view shows."""
        self._by_group.setdefault(stream.view.lease.proxy, {})[stream] = None
        for scope in _scopes(stream.view):
            self._by_scope[scope].streams[stream] = None

    def leave(self, stream: Stream) -> None:
        """Tell `stream` nothing more."""
        self._leave_group(stream, stream.view)
        self._leave_scopes(stream, _scopes(stream.view))

    def moved(self, stream: Stream, before: View) -> None:
        """Let go of what `before`, the view that it had, shows and the view of `stream` does not."""
        if stream.view.lease.proxy != before.lease.proxy:
            self._leave_group(stream, before)
        self._leave_scopes(stream, _scopes(before) - _scopes(stream.view))

    def group(self, group: ProxyScope) -> Sequence[Stream]:
        """The streams of proxies that are given the same."""
        return tuple(self._by_group.get(group, ()))

    def publish(self, delta: Delta, since: float | None) -> None:
        """Let every stream that sees its scope note what `delta` changed."""
        audience = self._by_scope.get(delta.scope)
        if audience is None:
            return
        collection = audience.collection
        marks = [(resource.name, resource.name not in collection) for resource in delta.changed]
        marks += [(name, False) for name in delta.removed]
        collection.update((resource.name, resource) for resource in delta.changed)
        for name in delta.removed:
            collection.pop(name, None)
        for stream in audience.streams:
            stream.changed(delta.type_url, stream.view.seen(delta.type_url, collection, marks), since)

    def _collection(self, scope: Scope) -> Collection:
        audience = self._by_scope.get(scope)
        if audience is None:
            audience = _Audience({resource.name: resource for resource in self._resources(scope)})
            self._by_scope[scope] = audience
        return audience.collection

    def _leave_group(self, stream: Stream, view: View) -> None:
        group = self._by_group[view.lease.proxy]
        del group[stream]
        if not group:
            del self._by_group[view.lease.proxy]

    def _leave_scopes(self, stream: Stream, scopes: Iterable[Scope]) -> None:
        for scope in scopes:
            streams = self._by_scope[scope].streams
            del streams[stream]
            if not streams:
                del self._by_scope[scope]


def _scopes(view: View) -> set[Scope]:
    return {scope for scopes in view.lease.scopes.values() for scope in scopes}
