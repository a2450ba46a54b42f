"""Lists and watches against an API server that fails in every way it can."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

import msgspec
import pytest
from lightkube import AsyncClient
from lightkube.config.kubeconfig import KubeConfig
from lightkube.config.models import Cluster, User

from meshd.ingest import reflector
from meshd.ingest.api_server import connect
from meshd.ingest.kind import Rejected, Rows, WatchedKind
from meshd.ingest.reflector import Reflector
from meshd.model.tables import Change, Table

from .fake_api_server import FakeApiServer, serving

pytestmark = pytest.mark.asyncio

TABLE: Table[str] = Table("things")


class _Thing(msgspec.Struct):
    metadata: dict[str, str]
    value: str = ""


def rows(raw: bytes) -> Rows:
    thing = msgspec.json.decode(raw, type=_Thing)
    if thing.value == "wrong":
        raise Rejected("spec.value: is wrong")
    if thing.value == "crash":
        raise ZeroDivisionError
    return ((TABLE, f"shop/{thing.metadata['name']}", thing.value),) if thing.value else ()


class Mesh:
    """What the sink was told, as a table and as the batches it came in."""

    def __init__(self) -> None:
        self.things: dict[str, str] = {}
        self.batches: list[tuple[Change, ...]] = []

    def sink(self, changes: Sequence[Change]) -> None:
        self.batches.append(tuple(changes))
        for _, key, value in changes:
            if value is None:
                del self.things[key]
            else:
                self.things[key] = value


@asynccontextmanager
async def reflecting(api: FakeApiServer) -> AsyncIterator[tuple[Mesh, Reflector]]:
    mesh = Mesh()
    async with serving(api) as url:
        config = KubeConfig.from_one(cluster=Cluster(server=url), user=User(token="t")).get()
        client = AsyncClient(config=config)
        async with connect(client) as server:
            reflector = Reflector(server, WatchedKind("Thing", "/api/v1/things", rows), mesh.sink)
            task = asyncio.create_task(reflector.run())
            try:
                await asyncio.wait_for(reflector.listed.wait(), 5)
                yield mesh, reflector
            finally:
                task.cancel()


async def eventually(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not holds():
            await asyncio.sleep(0.005)


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("FIRST_PAUSE", "LONGEST_PAUSE", "MISSING_PAUSE"):
        monkeypatch.setattr(reflector, name, 0.01)


@pytest.fixture
def api() -> FakeApiServer:
    return FakeApiServer()


async def test_lists_every_page(api: FakeApiServer) -> None:
    for name in "abcde":
        api.put(name, value="1")
    async with reflecting(api) as (mesh, _):
        assert mesh.things == {f"shop/{name}": "1" for name in "abcde"}
        assert len(mesh.batches) == 1


async def test_follows_changes_and_removals(api: FakeApiServer) -> None:
    api.put("a", value="1")
    async with reflecting(api) as (mesh, _):
        await eventually(lambda: api.watches == 1)
        api.put("b", value="1")
        api.put("a", value="2")
        await eventually(lambda: mesh.things == {"shop/a": "2", "shop/b": "1"})
        api.delete("a")
        await eventually(lambda: mesh.things == {"shop/b": "1"})
        assert api.lists == 1


async def test_a_change_without_effect_is_not_told(api: FakeApiServer) -> None:
    api.put("a", value="1")
    async with reflecting(api) as (mesh, _):
        await eventually(lambda: api.watches == 1)
        api.put("a", value="1", status="chatter")
        api.put("b", value="1")
        await eventually(lambda: "shop/b" in mesh.things)
        assert [change[1] for batch in mesh.batches for change in batch] == ["shop/a", "shop/b"]


async def test_an_object_without_rows_any_more_is_removed(api: FakeApiServer) -> None:
    api.put("a", value="1")
    async with reflecting(api) as (mesh, _):
        api.put("a", value="")
        await eventually(lambda: mesh.things == {})


async def test_watches_on_from_the_last_version_after_an_end(api: FakeApiServer) -> None:
    async with reflecting(api) as (mesh, _):
        for number in range(5):
            await eventually(lambda number=number: api.watches == number + 1)  # type: ignore[misc]
            api.end_watches()
            api.put(f"n{number}", value="1")
        await eventually(lambda: len(mesh.things) == 5)
        assert api.lists == 1


async def test_lists_again_when_the_version_is_gone(api: FakeApiServer) -> None:
    api.put("a", value="1")
    api.put("b", value="1")
    async with reflecting(api) as (mesh, _):
        await eventually(lambda: api.watches == 1)
        api.change_unseen("a", None)
        api.change_unseen("c", {"value": "1"})
        api.forget_history()
        api.end_watches()
        await eventually(lambda: mesh.things == {"shop/b": "1", "shop/c": "1"})
        assert mesh.batches[-1] == ((TABLE, "shop/c", "1"), (TABLE, "shop/a", None))


async def test_lists_again_after_an_error_event_that_says_gone(api: FakeApiServer) -> None:
    api.put("a", value="1")
    async with reflecting(api) as (mesh, _):
        await eventually(lambda: api.watches == 1)
        api.change_unseen("a", {"value": "2"})
        api.send({"type": "ERROR", "object": {"code": 410, "message": "too old"}})
        await eventually(lambda: mesh.things == {"shop/a": "2"})


async def test_goes_on_after_failures(api: FakeApiServer) -> None:
    api.failures = 3
    api.put("a", value="1")
    async with reflecting(api) as (mesh, _):
        assert mesh.things == {"shop/a": "1"}
        await eventually(lambda: api.watches == 1)
        api.failures = 3
        api.end_watches()
        api.put("b", value="1")
        await eventually(lambda: "shop/b" in mesh.things)
        assert api.lists == 1


async def test_bookmarks_move_the_version(api: FakeApiServer) -> None:
    api.put("a", value="1")
    async with reflecting(api) as (_, reflector):
        await eventually(lambda: api.watches == 1)
        bookmark = {"metadata": {"resourceVersion": "99"}}
        api.send({"type": "BOOKMARK", "object": bookmark})
        await eventually(lambda: reflector.version == "99")


async def test_a_kind_without_crd_is_ready_and_found_later(api: FakeApiServer) -> None:
    api.served = False
    async with reflecting(api) as (mesh, _):
        assert mesh.things == {}
        api.put("a", value="1")
        api.served = True
        await eventually(lambda: mesh.things == {"shop/a": "1"})


async def test_objects_of_a_crd_that_goes_are_removed(api: FakeApiServer) -> None:
    api.put("a", value="1")
    async with reflecting(api) as (mesh, _):
        await eventually(lambda: api.watches == 1)
        api.served = False
        api.end_watches()
        await eventually(lambda: mesh.things == {})


@pytest.mark.parametrize("value", ["wrong", "crash"])
async def test_an_object_that_becomes_wrong_keeps_its_last_good_state(
    api: FakeApiServer, value: str, caplog: pytest.LogCaptureFixture
) -> None:
    api.put("a", value="1")
    async with reflecting(api) as (mesh, _):
        await eventually(lambda: api.watches == 1)
        api.put("a", value=value)
        api.put("b", value="1")
        await eventually(lambda: "shop/b" in mesh.things)
        assert mesh.things["shop/a"] == "1"
        assert "Thing shop/a: " in caplog.text
        assert "last good state" in caplog.text
        api.put("a", value="2")
        await eventually(lambda: mesh.things["shop/a"] == "2")
        api.put("a", value=value)
        api.delete("a")
        await eventually(lambda: "shop/a" not in mesh.things)


async def test_a_wrong_object_in_the_list_keeps_its_last_good_state(api: FakeApiServer) -> None:
    api.put("a", value="1")
    async with reflecting(api) as (mesh, _):
        await eventually(lambda: api.watches == 1)
        api.change_unseen("a", {"value": "wrong"})
        api.change_unseen("b", {"value": "1"})
        api.forget_history()
        api.end_watches()
        await eventually(lambda: mesh.things == {"shop/a": "1", "shop/b": "1"})


async def test_what_has_come_together_goes_on_together(api: FakeApiServer) -> None:
    async with reflecting(api) as (mesh, _):
        await eventually(lambda: api.watches == 1)
        lines = ""
        for name in "abc":
            thing = {"metadata": {"name": name, "namespace": "shop", "resourceVersion": "1"}, "value": "1"}
            lines += msgspec.json.encode({"type": "ADDED", "object": thing}).decode() + "\n"
        api.send_bytes(lines.encode())
        await eventually(lambda: len(mesh.things) == 3)
        assert len(mesh.batches) == 1


async def test_an_event_may_come_in_pieces(api: FakeApiServer) -> None:
    async with reflecting(api) as (mesh, _):
        await eventually(lambda: api.watches == 1)
        thing = {"metadata": {"name": "a", "namespace": "shop", "resourceVersion": "1"}, "value": "1"}
        line = msgspec.json.encode({"type": "ADDED", "object": thing}) + b"\n"
        for piece in (line[:5], line[5:30], line[30:]):
            api.send_bytes(piece)
            await asyncio.sleep(0.02)
        await eventually(lambda: mesh.things == {"shop/a": "1"})
