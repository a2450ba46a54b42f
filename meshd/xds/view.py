"""What one proxy may see: the collections of its scopes, by name, and the secrets that are its pod's
alone.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain

from meshd.model.resource import SECRET, Resource
from meshd.networking.engine import Lease

Collection = dict[str, Resource]
"""The resources of one scope by name, shared by all proxies of that scope."""

Mark = tuple[str, bool]
"""(name, whether the proxy has never had it)"""


@dataclass(slots=True)
class View:
    """Where a name is in several collections of a type, the first goes before.

    `own` are secrets by name; no other proxy's view holds them.
    """

    lease: Lease
    collections: Mapping[str, tuple[Collection, ...]]
    own: dict[str, Resource] = field(default_factory=dict)

    def get(self, type_url: str, name: str) -> Resource | None:
        if type_url == SECRET and name in self.own:
            return self.own[name]
        for collection in self.collections.get(type_url, ()):
            found = collection.get(name)
            if found is not None:
                return found
        return None

    def all(self, type_url: str) -> Iterator[Resource]:
        own = self.own.values() if type_url == SECRET else ()
        return chain(own, *_layered(self.collections.get(type_url, ())))

    def seen(self, type_url: str, collection: Collection, marks: Sequence[Mark]) -> Sequence[Mark]:
        """What `marks`, made in `collection`, are to this proxy: it sees none that an earlier collection hides, and
        what a later one holds is not new to it.
        """
        earlier = True
        for layer in self.collections[type_url]:
            if layer is collection:
                earlier = False
            elif earlier and layer:
                marks = [mark for mark in marks if mark[0] not in layer]
            elif layer:
                marks = [(name, added and name not in layer) for name, added in marks]
        return marks


def _layered(collections: tuple[Collection, ...]) -> Iterator[Iterable[Resource]]:
    """The values of each collection without what an earlier one hides."""
    before: list[Collection] = []
    for collection in collections:
        yield _not_hidden(collection, before.copy()) if before else collection.values()
        if collection:
            before.append(collection)


def _not_hidden(collection: Collection, before: list[Collection]) -> Iterator[Resource]:
    """A function of its own: each collection is to be read after all are chained, with what was before it alone."""
    return (r for name, r in collection.items() if not any(name in layer for layer in before))


def differences(before: View, after: View) -> dict[str, dict[str, bool]]:
    """{type_url: {name: whether it was added}} for all that differs between two views."""
    found: dict[str, dict[str, bool]] = {}
    for type_url in {**before.lease.scopes, **after.lease.scopes}:
        if before.lease.scopes.get(type_url) == after.lease.scopes.get(type_url):
            continue
        old = {resource.name: resource.version for resource in before.all(type_url)}
        new = {resource.name: resource.version for resource in after.all(type_url)}
        marks = {name: name not in old for name, version in new.items() if old.get(name) != version}
        marks.update((name, False) for name in old if name not in new)
        if marks:
            found[type_url] = marks
    return found
