"""A status that is written costs the way of a change nothing: the object is not even decoded."""

from typing import Any

import msgspec
import pytest

from meshd.ingest.api_server import Event
from meshd.ingest.istio import watched
from meshd.ingest.kind import Rows, WatchedKind
from meshd.ingest.known import Known
from meshd.model.mesh import MeshConfig
from meshd.model.tables import Change, Table

TABLE: Table[str] = Table("things")


class Decoded:
    """Counts what is made into rows."""

    def __init__(self) -> None:
        self.times = 0

    def rows(self, raw: bytes) -> Rows:
        self.times += 1
        return ((TABLE, "shop/a", str(self.times)),)


def event(**metadata: Any) -> Event:
    item = {"metadata": {"name": "a", "namespace": "shop", "uid": "u", "generation": 1, **metadata}}
    return Event("MODIFIED", msgspec.Raw(msgspec.json.encode(item)))


@pytest.mark.parametrize(
    ("metadata", "times"),
    [
        ({"resourceVersion": "9"}, 1),
        ({"resourceVersion": "9", "generation": 2}, 2),
        ({"resourceVersion": "9", "uid": "another"}, 2),
        ({"resourceVersion": "9", "labels": {"a": "b"}}, 2),
        ({"resourceVersion": "9", "annotations": {"a": "b"}}, 2),
        ({"resourceVersion": "9", "generation": 0}, 2),
    ],
)
@pytest.mark.parametrize("spec_only", [True, False])
def test_only_what_is_not_status_is_decoded(metadata: dict[str, Any], times: int, spec_only: bool) -> None:
    decoded = Decoded()
    known = Known(WatchedKind("Thing", "/things", decoded.rows, spec_only=spec_only))
    changes: list[Change] = []
    known.apply(event(resourceVersion="8"), changes)
    assert known.apply(event(**metadata), changes) == "9", "the watch goes on from there"
    assert decoded.times == (times if spec_only else 2)


def test_an_object_that_comes_again_is_decoded_again() -> None:
    decoded = Decoded()
    known = Known(WatchedKind("Thing", "/things", decoded.rows, spec_only=True))
    changes: list[Change] = []
    known.apply(event(), changes)
    known.apply(Event("DELETED", event().object), changes)
    known.apply(event(), changes)
    assert [value for _, _, value in changes] == ["1", None, "2"]


def test_a_list_that_lacks_it_removes_it() -> None:
    known = Known(WatchedKind("Thing", "/things", Decoded().rows, spec_only=True))
    assert len(known.replace([event().object])) == 1
    assert known.replace([event(resourceVersion="9").object]) == []
    assert [value for _, _, value in known.replace([])] == [None]


def test_all_of_istios_kinds_are_watched_so() -> None:
    assert {kind.spec_only for kind in watched(MeshConfig())} == {True}
