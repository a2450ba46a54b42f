"""What one proxy may see: the collections of its scopes, by name, and the secrets that are its pod's
alone.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain

from meshd.model.resource import SECRET, Resource, Scope

Collection = dict[str, Resource]
"""The resources of one scope by name, shared by all proxies of that scope."""


@dataclass(slots=True)
class View:
    """`own` are secrets by name; no other proxy's view holds them."""

    scopes: Mapping[str, tuple[Scope, ...]]
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
        collections = self.collections.get(type_url, ())
        return chain(own, *(collection.values() for collection in collections))


def differences(before: View, after: View) -> dict[str, dict[str, bool]]:
    """{type_url: {name: whether it was added}} for all that differs between two views."""
    found: dict[str, dict[str, bool]] = {}
    for type_url in {**before.scopes, **after.scopes}:
        if before.scopes.get(type_url) == after.scopes.get(type_url):
            continue
        old = {resource.name: resource.version for resource in before.all(type_url)}
        new = {resource.name: resource.version for resource in after.all(type_url)}
        marks = {name: name not in old for name, version in new.items() if old.get(name) != version}
        marks.update((name, False) for name in old if name not in new)
        if marks:
            found[type_url] = marks
    return found
