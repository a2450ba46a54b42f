"""What a proxy sees of several collections of a type, however many there are and whichever of them are empty."""

import pytest

from meshd.model.resource import CLUSTER, Resource
from meshd.networking.engine import Lease
from meshd.networking.scopes import ProxyScope, WorkloadScope
from meshd.xds.view import Collection, View

LEASE = Lease(ProxyScope(is_gateway=False, workload=WorkloadScope("shop", (), ())), {})


def collection(version: str, *names: str) -> Collection:
    return {name: Resource(name, version, b"") for name in names}


@pytest.mark.parametrize(
    ("collections", "expected"),
    [
        ([], {}),
        ([("1", "a", "b")], {"a": "1", "b": "1"}),
        ([("1", "a"), ("2", "a", "b")], {"a": "1", "b": "2"}),
        ([("1", "a"), ("2", "a", "b"), ("3", "b", "c")], {"a": "1", "b": "2", "c": "3"}),
        ([("1",), ("2", "a"), ("3", "b"), ("4",)], {"a": "2", "b": "3"}),
        ([("1", "a"), ("2", "b"), ("3", "c"), ("4", "a", "d")], {"a": "1", "b": "2", "c": "3", "d": "4"}),
    ],
)
def test_of_each_name_the_first_one_is_seen(collections: list[tuple[str, ...]], expected: dict[str, str]) -> None:
    view = View(LEASE, {CLUSTER: tuple(collection(*each) for each in collections)})
    seen = list(view.all(CLUSTER))
    assert {resource.name: resource.version for resource in seen} == expected
    assert len(seen) == len(expected)
    for name, version in expected.items():
        found = view.get(CLUSTER, name)
        assert found is not None
        assert found.version == version
