"""Keeps the resources that connected proxies see up to date, and says what each change altered for whom."""

import logging
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass, field

from meshd.model.memo import Memo, Node, Reader
from meshd.model.resource import Delta, Resource, Scope
from meshd.model.service import Proxy
from meshd.model.store import Store
from meshd.model.tables import Change
from meshd.networking.scopes import ProxyScope, proxy_scope

log = logging.getLogger(__name__)

Item = Hashable
Names = Callable[[Reader, Scope], tuple[Item, ...]]
Build = Callable[[Reader, Scope, Item], Resource | None]


@dataclass(frozen=True, slots=True, eq=False)
class Generator:
    """How the resources of one type come about.

    `scopes_of` names what a proxy has in common with others (none: it gets none of these), and where a name is in
    several, the first goes before; `items` lists what there is in a scope; `build` makes the resource of one item, or
    None where it turns out to have none.
    """

    type_url: str
    scopes_of: Callable[[Reader, ProxyScope], tuple[Scope, ...]]
    items: Names
    build: Build


@dataclass(slots=True)
class _Collection:
    generator: Generator
    scope: Scope
    items: Node
    leases: int = 0
    nodes: dict[Item, Node] = field(default_factory=dict)
    resources: dict[Item, Resource] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Lease:
    """The scopes by type that proxies like `proxy` are given, the one that goes before first."""

    proxy: ProxyScope
    scopes: Mapping[str, tuple[Scope, ...]]


@dataclass(frozen=True, slots=True)
class Round:
    """What a set of changes did: to the resources of scopes, and to which scopes proxies are to be given."""

    deltas: tuple[Delta, ...]
    regrouped: tuple[ProxyScope, ...]


class Engine:
    """The resources of every scope in use.

    A scope is `acquire`d while some proxy needs it. `apply` takes changes of the mesh and tells what they altered: the
    cost grows with what a change touches, not with the size of the mesh.
    """

    def __init__(self, store: Store, generators: Iterable[Generator]) -> None:
        self.store = store
        self.memo = Memo(store)
        self._generators = tuple(generators)
        self._collections: dict[Scope, _Collection] = {}
        self._owners: dict[Node, Scope] = {}
        """Of the nodes that build: whose resource it is."""
        self._lists: dict[Node, list[Scope]] = {}
        """Of the nodes that list items: generators may share such a list."""
        self._groups: dict[Node, ProxyScope] = {}
        self._scopes_of = _all_scopes(self._generators)

    def acquire(self, proxy: Proxy) -> Lease:
        """Keep what `proxy` sees up to date until `release`."""
        group = self.memo.pin(self._scopes_of, proxy_scope(proxy))
        self._groups[group] = proxy_scope(proxy)
        if group.error is not None:
            raise group.error
        scopes: dict[str, tuple[Scope, ...]] = {}
        for generator, scope in group.value:
            scopes[generator.type_url] = (*scopes.get(generator.type_url, ()), self._lease(generator, scope))
        return Lease(proxy_scope(proxy), scopes)

    def release(self, lease: Lease) -> None:
        """Give back what `acquire` returned."""
        group = self.memo.node((self._scopes_of, lease.proxy))
        if group.pins == 1:
            del self._groups[group]
        self.memo.unpin(group)
        for keys in lease.scopes.values():
            for key in keys:
                collection = self._collections[key]
                collection.leases -= 1
                if collection.leases == 0:
                    del self._collections[key]
                    self._forget(key, collection)

    def resources(self, scope: Scope) -> Iterable[Resource]:
        """All resources of a scope that `acquire` returned."""
        return self._collections[scope].resources.values()

    def apply(self, changes: Iterable[Change]) -> Round:
        """Apply `changes` to the store and bring every acquired scope up to date.

        Proxies that are regrouped keep the scopes they have until they are `acquire`d anew.
        """
        pinned = self.memo.apply(self.store.apply(changes))
        dirty: dict[Scope, list[Node]] = {}
        regrouped: list[ProxyScope] = []
        for node in pinned:
            if node in self._groups:
                if self.memo.changed(node):
                    regrouped.append(self._groups[node])
                continue
            for key in self._lists.get(node) or (self._owners[node],):
                dirty.setdefault(key, []).append(node)
        deltas = (self._refresh(key, nodes) for key, nodes in dirty.items())
        return Round(tuple(delta for delta in deltas if delta.changed or delta.removed), tuple(regrouped))

    def _lease(self, generator: Generator, scope: Scope) -> Scope:
        key = (generator, scope)
        collection = self._collections.get(key)
        if collection is None:
            collection = _Collection(generator, scope, self.memo.pin(generator.items, scope))
            self._lists.setdefault(collection.items, []).append(key)
            self._collections[key] = collection
            for item in collection.items.value or ():
                self._add(key, collection, item)
        collection.leases += 1
        return key

    def _add(self, key: Scope, collection: _Collection, item: Item) -> Resource | None:
        node = self.memo.pin(collection.generator.build, collection.scope, item)
        collection.nodes[item] = node
        self._owners[node] = key
        return self._take(collection, item, node)

    def _take(self, collection: _Collection, item: Item, node: Node) -> Resource | None:
        if node.error is not None:
            log.error("cannot build %s: %s", item, node.error, exc_info=node.error)
            return None
        resource: Resource | None = node.value
        if resource is not None:
            collection.resources[item] = resource
        return resource

    def _refresh(self, key: Scope, nodes: list[Node]) -> Delta:
        collection = self._collections[key]
        changed: list[Resource] = []
        removed: list[str] = []
        self._refresh_items(key, collection, changed, removed)
        for node in nodes:
            item = node.key[-1]
            if node is collection.items or collection.nodes.get(item) is not node or not self.memo.changed(node):
                continue
            old = collection.resources.get(item)
            if node.error is None and node.value is None and old is not None:
                del collection.resources[item]
                removed.append(old.name)
            new = self._take(collection, item, node)
            if new is not None and (old is None or old.version != new.version):
                changed.append(new)
        names = {resource.name for resource in changed}
        gone = tuple(name for name in removed if name not in names)
        return Delta(collection.generator.type_url, key, tuple(changed), gone)

    def _refresh_items(self, key: Scope, collection: _Collection, changed: list[Resource], removed: list[str]) -> None:
        if not self.memo.changed(collection.items):
            return
        wanted = dict.fromkeys(collection.items.value or ())
        for item in [item for item in collection.nodes if item not in wanted]:
            node = collection.nodes.pop(item)
            self._owners.pop(node, None)
            self.memo.unpin(node)
            old = collection.resources.pop(item, None)
            if old is not None:
                removed.append(old.name)
        for item in wanted:
            if item not in collection.nodes:
                new = self._add(key, collection, item)
                if new is not None:
                    changed.append(new)

    def _forget(self, key: Scope, collection: _Collection) -> None:
        keys = self._lists[collection.items]
        keys.remove(key)
        if not keys:
            del self._lists[collection.items]
        self.memo.unpin(collection.items)
        for node in collection.nodes.values():
            self._owners.pop(node, None)
            self.memo.unpin(node)


def _all_scopes(
    generators: tuple[Generator, ...],
) -> Callable[[Reader, ProxyScope], tuple[tuple[Generator, Scope], ...]]:
    """The query that tells which scopes of which generators a proxy is given."""

    def scopes_of(read: Reader, proxy: ProxyScope) -> tuple[tuple[Generator, Scope], ...]:
        return tuple((generator, scope) for generator in generators for scope in generator.scopes_of(read, proxy))

    return scopes_of
