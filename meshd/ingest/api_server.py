"""Lists, watches and patches of the API server as raw JSON: no object is decoded here.

lightkube says where the API server is and with which credentials; aiohttp, whose parser is native code, carries
the requests. lightkube's own watch decodes every object in full, which costs more than all that follows.
"""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx2
import msgspec
from aiohttp import ClientError, ClientPayloadError, ClientSession, ClientTimeout, TCPConnector
from lightkube import AsyncClient
from lightkube.config.client_adapter import user_auth, verify_cluster
from lightkube.config.kubeconfig import SingleConfig

PAGE_SIZE = 500
WATCH_SECONDS = (240, 300)
"""A watch ends by itself after a time within this range, so that watches do not all end together."""
SILENCE_SECONDS = 90.0
"""Bookmarks come every minute: a longer silence is a dead connection."""


CONNECT_SECONDS = 10.0
BUFFER_BYTES = 1024 * 1024
WRITE_TIMEOUT = ClientTimeout(total=10.0)

FAILURES = (ClientError, TimeoutError, OSError)
"""What a request raises when the API server cannot be reached or goes away."""


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


class Answer(msgspec.Struct, frozen=True):
    """What the API server said: a Status where it said no."""

    code: int = 0
    message: str = ""


_PAGE = msgspec.json.Decoder(Page)
_EVENT = msgspec.json.Decoder(Event)
_ANSWER = msgspec.json.Decoder(Answer)


class ApiServer:
    """Lists, watches and patches with the address and credentials of a lightkube configuration."""

    def __init__(self, config: SingleConfig, session: ClientSession) -> None:
        self._config = config
        self._session = session
        self._url = config.cluster.server.rstrip("/")

    async def list_pages(self, path: str, field_selector: str = "") -> AsyncIterator[Page]:
        """A consistent list of `path` in pages. Raises Gone, Missing, Refused and FAILURES."""
        query = {"limit": str(PAGE_SIZE), **_selecting(field_selector)}
        while True:
            headers = await self._authorization()
            async with self._session.get(self._url + path, params=query, headers=headers) as response:
                body = await response.read()
            _check(response.status, body)
            page = _PAGE.decode(body)
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
            **_selecting(field_selector),
        }
        headers = await self._authorization()
        async with self._session.get(self._url + path, params=query, headers=headers) as response:
            if response.status != 200:
                _check(response.status, await response.read())
            yield _batches(response.content.iter_any())

    async def merge_patch(self, path: str, patch: bytes) -> Answer:
        """Change one object; the answer's message is empty for a success. Raises FAILURES."""
        headers = {"Content-Type": "application/merge-patch+json", **await self._authorization()}
        request = self._session.patch(self._url + path, data=patch, headers=headers, timeout=WRITE_TIMEOUT)
        async with request as response:
            body = await response.read()
        return Answer(response.status, "" if response.status == 200 else f"{response.status} {_message(body)}")

    async def _authorization(self) -> dict[str, str]:
        """Read anew each time, since the kubelet renews the token's file. Empty with a client certificate."""
        auth = user_auth(self._config.user)
        if auth is None:
            return {}
        flow = auth.async_auth_flow(httpx2.Request("GET", self._url))
        request = await anext(flow)
        await flow.aclose()
        return {"Authorization": request.headers["Authorization"]}


@asynccontextmanager
async def connect(client: AsyncClient) -> AsyncIterator[ApiServer]:
    """An ApiServer that is closed at the end of the block.

    Answers are asked for uncompressed: packing them costs the API server more than the local network saves.
    """
    config = client.config
    assert config.user is not None
    session = ClientSession(
        connector=TCPConnector(ssl=verify_cluster(config.cluster, config.user, config.abs_file), limit=0),
        timeout=ClientTimeout(sock_connect=CONNECT_SECONDS, sock_read=SILENCE_SECONDS, total=None),
        headers={"Accept": "application/json", "Accept-Encoding": "identity", "User-Agent": "meshd"},
        read_bufsize=BUFFER_BYTES,
        trust_env=True,
    )
    async with session:
        yield ApiServer(config, session)


def _selecting(field_selector: str) -> dict[str, str]:
    return {"fieldSelector": field_selector} if field_selector else {}


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


def reason_of(error: Exception) -> str:
    """A failure in one line for the log."""
    if isinstance(error, ClientPayloadError):
        return "the connection broke"
    return f"{type(error).__name__} {error}".strip()


def check_event(event: Event) -> None:
    """Raise what an ERROR event stands for."""
    if event.type == "ERROR":
        answer = _ANSWER.decode(event.object)
        _raise(answer.code, answer.message)


def _check(code: int, body: bytes) -> None:
    if code != 200:
        _raise(code, _message(body))


def _message(body: bytes) -> str:
    try:
        return _ANSWER.decode(body).message
    except msgspec.DecodeError:
        return body[:200].decode(errors="replace")


def _raise(code: int, message: str) -> None:
    text = f"{code} {message}"
    if code == 410:
        raise Gone(text)
    if code == 404:
        raise Missing(text)
    raise Refused(text)
