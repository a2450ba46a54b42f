"""Writes objects to the API server, many at once while the mesh is set up, one by one while it is measured.

A write tells when it was sent: what comes before that (half a millisecond to put a request together) is not measured.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any

from aiohttp import ClientSession, ClientTimeout, TCPConnector, TraceConfig, TraceRequestHeadersSentParams

from benchmarks.propagation.api_server import ApiServer
from benchmarks.propagation.failure import BenchmarkError
from benchmarks.propagation.objects import Object

AT_ONCE = 16
REQUEST_SECONDS = 30.0
KIND_TRIES = 200
KIND_PAUSE = 0.1

MERGE_PATCH = "application/merge-patch+json"
PLURALS = {
    "CustomResourceDefinition": "customresourcedefinitions",
    "DestinationRule": "destinationrules",
    "EndpointSlice": "endpointslices",
    "Namespace": "namespaces",
    "Pod": "pods",
    "Service": "services",
    "VirtualService": "virtualservices",
}


def collection_path(item: Object) -> str:
    """Where objects like `item` are created."""
    version = item["apiVersion"]
    base = f"/api/{version}" if "/" not in version else f"/apis/{version}"
    namespace = item["metadata"].get("namespace")
    inside = f"/namespaces/{namespace}" if namespace else ""
    return f"{base}{inside}/{PLURALS[item['kind']]}"


def path_of(item: Object) -> str:
    return f"{collection_path(item)}/{item['metadata']['name']}"


class Kubernetes:
    """Every method raises BenchmarkError when the API server says no. Writes return when they were sent, in monotonic
    seconds.
    """

    def __init__(self, url: str, session: ClientSession) -> None:
        self._url = url
        self._session = session

    async def create(self, item: Object) -> float:
        return await self._send("POST", collection_path(item), item)

    async def patch(self, item: Object, change: Object, subresource: str = "") -> float:
        """Lay `change` over `item` (RFC 7386)."""
        return await self._send("PATCH", path_of(item) + subresource, change, MERGE_PATCH)

    async def delete(self, item: Object) -> float:
        return await self._send("DELETE", path_of(item))

    async def served(self, path: str) -> None:
        """Return once the API server answers `path`: a new kind takes it a moment."""
        for _ in range(KIND_TRIES):
            async with self._session.get(self._url + path) as response:
                if response.status == 200:
                    return
            await asyncio.sleep(KIND_PAUSE)
        raise BenchmarkError(f"the API server does not serve {path}")

    async def all(self, write: Callable[[Any], Awaitable[object]], items: Iterable[Any]) -> None:
        """Call `write` with each of `items`, several at once."""
        left = iter(items)

        async def work() -> None:
            for item in left:
                await write(item)

        async with asyncio.TaskGroup() as tasks:
            for _ in range(AT_ONCE):
                tasks.create_task(work())

    async def _send(self, method: str, path: str, body: Object | None = None, kind: str = "application/json") -> float:
        data = None if body is None else json.dumps(body).encode()
        headers, moments = {"Content-Type": kind}, list[float]()
        request = self._session.request(method, self._url + path, data=data, headers=headers, trace_request_ctx=moments)
        async with request as response:
            text = await response.read()
            if response.status >= 300:
                raise BenchmarkError(f"{method} {path}: {response.status} {text[:300].decode(errors='replace')}")
        return moments[-1]


async def _note_moment(_: ClientSession, request: SimpleNamespace, __: TraceRequestHeadersSentParams) -> None:
    if request.trace_request_ctx is not None:
        request.trace_request_ctx.append(time.monotonic())


@asynccontextmanager
async def connected(server: ApiServer) -> AsyncIterator[Kubernetes]:
    trace = TraceConfig()
    trace.on_request_headers_sent.append(_note_moment)
    session = ClientSession(
        trace_configs=[trace],
        connector=TCPConnector(ssl=server.tls, limit=AT_ONCE),
        timeout=ClientTimeout(total=REQUEST_SECONDS),
        headers={**server.headers, "Accept-Encoding": "identity"},
    )
    async with session:
        yield Kubernetes(server.url, session)
