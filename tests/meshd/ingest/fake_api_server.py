"""An API server of one kind, in memory, over real HTTP: enough to break watches in every way they break."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer

Json = dict[str, Any]


class FakeApiServer:
    """Serves every path with the same objects. `served` False is a cluster without the CRD."""

    def __init__(self) -> None:
        self.objects: dict[str, Json] = {}
        self.version = 10
        self.served = True
        self.oldest = 0
        """Watches from before this version are answered 410."""
        self.failures = 0
        """That many of the next requests are answered 500."""
        self.lists = 0
        self.watches = 0
        self._streams: set[asyncio.Queue[bytes | None]] = set()
        self._history: list[tuple[int, bytes]] = []

    def put(self, name: str, **fields: Any) -> None:
        known = name in self.objects
        self._store("MODIFIED" if known else "ADDED", name, fields)

    def delete(self, name: str) -> None:
        fields = self.objects[name]
        self._store("DELETED", name, fields)
        del self.objects[name]

    def change_unseen(self, name: str, fields: Json | None) -> None:
        """A change that no watch will ever tell of."""
        self.version += 1
        if fields is None:
            self.objects.pop(name)
        else:
            self.objects[name] = {**fields, "metadata": self._metadata(name)}

    def end_watches(self) -> None:
        for stream in self._streams:
            stream.put_nowait(None)

    def send(self, line: Json) -> None:
        self.send_bytes(json.dumps(line).encode() + b"\n")

    def send_bytes(self, piece: bytes) -> None:
        for stream in self._streams:
            stream.put_nowait(piece)

    def forget_history(self) -> None:
        """As when etcd compacts."""
        self.oldest = self.version + 1
        self.version += 1
        self._history.clear()

    def _metadata(self, name: str) -> Json:
        return {"name": name, "namespace": "shop", "resourceVersion": str(self.version)}

    def _store(self, kind: str, name: str, fields: Json) -> None:
        self.version += 1
        stored = {**fields, "metadata": {**fields.get("metadata", {}), **self._metadata(name)}}
        self.objects[name] = stored
        line = json.dumps({"type": kind, "object": stored}).encode() + b"\n"
        self._history.append((self.version, line))
        for stream in self._streams:
            stream.put_nowait(line)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        if self.failures:
            self.failures -= 1
            return web.json_response({"code": 500, "message": "etcd is away"}, status=500)
        if not self.served:
            return web.Response(status=404, text="404 page not found")
        return await (self._watch(request) if request.query.get("watch") else self._list(request))

    async def _list(self, request: web.Request) -> web.StreamResponse:
        """Two objects a page."""
        self.lists += 1
        names = sorted(self.objects)
        start = int(request.query.get("continue", "0"))
        following = str(start + 2) if start + 2 < len(names) else ""
        items = [self.objects[name] for name in names[start : start + 2]]
        metadata = {"resourceVersion": str(self.version), "continue": following}
        return web.json_response({"metadata": metadata, "items": items or None})

    async def _watch(self, request: web.Request) -> web.StreamResponse:
        since = int(request.query["resourceVersion"])
        if since < self.oldest:
            return web.json_response({"code": 410, "message": "too old resource version"}, status=410)
        self.watches += 1
        stream: asyncio.Queue[bytes | None] = asyncio.Queue()
        for version, past in self._history:
            if version > since:
                stream.put_nowait(past)
        self._streams.add(stream)
        response = web.StreamResponse()
        await response.prepare(request)
        try:
            while (line := await stream.get()) is not None:
                await response.write(line)
        finally:
            self._streams.discard(stream)
        return response


@asynccontextmanager
async def serving(api: FakeApiServer) -> AsyncIterator[str]:
    """The URL of `api` while the block runs."""
    app = web.Application()
    app.router.add_get("/{path:.*}", api.handle)
    server = TestServer(app)
    await server.start_server()
    try:
        yield str(server.make_url("/"))
    finally:
        api.end_watches()
        await server.close()
