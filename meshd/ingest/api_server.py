"""Lists and watches of the API server as raw JSON: no object is decoded here.

lightkube carries configuration, TLS and tokens; its own watch decodes every object in full, which costs more
than the control plane's whole work on a change.
"""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx2
import msgspec
from lightkube import AsyncClient
from lightkube.config import client_adapter

PAGE_SIZE = 500
WATCH_SECONDS = (240, 300)
"""A watch ends by itself after a time within this range, so that watches do not all end together."""
SILENCE_SECONDS = 90.0
"""Bookmarks come every minute: a longer silence is a dead connection."""


class Gone(Exception):
    """The resource version is too old to go on from: list again."""


class Missing(Exception):
    """The API server does not serve this kind (its CRD is not there)."""


class Refused(Exception):
    """Any other answer that is not a success; the text is the API server's own message."""


class ListMeta(msgspec.Struct, frozen=True, rename="camel"):
    resource_version: str = ""
    next_page: str = msgspec.field(default="", name="continue")


class Page(msgspec.Struct, frozen=True):
    """A part of a list. Clusters answer `"items": null` for an empty one."""

    metadata: ListMeta
    items: list[msgspec.Raw] | None = None


class Event(msgspec.Struct, frozen=True):
    """One line of a watch: ADDED, MODIFIED, DELETED, BOOKMARK or ERROR."""

    type: str
    object: msgspec.Raw


class Status(msgspec.Struct, frozen=True):
    """The API server's way of saying no."""

    code: int = 0
    message: str = ""


_PAGE = msgspec.json.Decoder(Page)
_EVENT = msgspec.json.Decoder(Event)
_STATUS = msgspec.json.Decoder(Status)


class ApiServer:
    """Lists and watches with the address and credentials of a lightkube client."""

    def __init__(self, http: httpx2.AsyncClient) -> None:
        self._http = http

    async def list_pages(self, path: str, field_selector: str = "") -> AsyncIterator[Page]:
        """A consistent list of `path` in pages. Raises Gone, Missing, Refused and httpx2.TransportError."""
        query = {"limit": str(PAGE_SIZE)}
        if field_selector:
            query["fieldSelector"] = field_selector
        while True:
            response = await self._http.get(path, params=query)
            _check(response.status_code, response.content)
            page = _PAGE.decode(response.content)
            yield page
            if not page.metadata.next_page:
                return
            query["continue"] = page.metadata.next_page

    @asynccontextmanager
    async def watch(
        self, path: str, resource_version: str, field_selector: str = ""
    ) -> AsyncIterator[AsyncIterator[list[Event]]]:
        """Batches of events after `resource_version`: all that has already come, as soon as it is there."""
        query = {
            "watch": "1",
            "allowWatchBookmarks": "true",
            "resourceVersion": resource_version,
            "timeoutSeconds": str(random.randint(*WATCH_SECONDS)),
        }
        if field_selector:
            query["fieldSelector"] = field_selector
        timeout = httpx2.Timeout(10.0, read=SILENCE_SECONDS)
        async with self._http.stream("GET", path, params=query, timeout=timeout) as response:
            if response.status_code != 200:
                _check(response.status_code, await response.aread())
            yield _batches(response.aiter_raw())


@asynccontextmanager
async def connect(client: AsyncClient) -> AsyncIterator[ApiServer]:
    """An ApiServer that is closed at the end of the block.

    Answers are asked for uncompressed: packing them costs the API server more than the local network saves.
    """
    limits = client_adapter.ConnectionParams(timeout=httpx2.Timeout(30.0))
    async with client_adapter.AsyncClient(client.config, limits) as http:
        http.headers["Accept-Encoding"] = "identity"
        http.headers["Accept"] = "application/json"
        http.headers["User-Agent"] = "meshd"
        yield ApiServer(http)


async def _batches(chunks: AsyncIterator[bytes]) -> AsyncIterator[list[Event]]:
    """Events of all whole lines of each chunk; an event may span chunks."""
    rest: list[bytes] = []
    async for chunk in chunks:
        end = chunk.rfind(b"\n") + 1
        if not end:
            rest.append(chunk)
            continue
        lines = b"".join((*rest, chunk[:end])).splitlines()
        rest = [chunk[end:]] if end < len(chunk) else []
        yield [_EVENT.decode(line) for line in lines if line]


def check_event(event: Event) -> None:
    """Raise what an ERROR event stands for."""
    if event.type == "ERROR":
        status = _STATUS.decode(event.object)
        _raise(status.code, status.message)


def _check(code: int, body: bytes) -> None:
    if code != 200:
        try:
            message = _STATUS.decode(body).message
        except msgspec.DecodeError:
            message = body[:200].decode(errors="replace")
        _raise(code, message)


def _raise(code: int, message: str) -> None:
    text = f"{code} {message}"
    if code == 410:
        raise Gone(text)
    if code == 404:
        raise Missing(text)
    raise Refused(text)
