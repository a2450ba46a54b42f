"""Writes against a server that answers late, over TLS as the API server is asked."""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from benchmarks.propagation.api_server import ApiServer
from benchmarks.propagation.certificates import self_signed
from benchmarks.propagation.failure import BenchmarkError
from benchmarks.propagation.kubernetes import Kubernetes, connected
from benchmarks.propagation.objects import virtual_service

ANSWER_SECONDS = 0.2


@asynccontextmanager
async def asked(folder: Path, status: int, arrivals: list[float]) -> AsyncIterator[Kubernetes]:
    async def answer(request: web.Request) -> web.Response:
        await request.read()
        arrivals.append(time.monotonic())
        await asyncio.sleep(ANSWER_SECONDS)
        return web.Response(status=status, text="because")

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    for path, content in zip((folder / "crt", folder / "key"), self_signed("kube-apiserver"), strict=True):
        path.write_bytes(content)
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(folder / "crt", folder / "key")
    server = TestServer(app, host="127.0.0.1")
    await server.start_server(ssl=tls)
    try:
        url = str(server.make_url("")).rstrip("/")
        async with connected(ApiServer(url, "token", folder / "crt", folder / "none")) as kubernetes:
            yield kubernetes
    finally:
        await server.close()


@pytest.mark.asyncio
async def test_a_write_tells_when_it_was_sent(tmp_path: Path) -> None:
    arrivals: list[float] = []
    async with asked(tmp_path, 200, arrivals) as kubernetes:
        begin = time.monotonic()
        moments = await asyncio.gather(*(kubernetes.patch(virtual_service(n), {"spec": {}}) for n in range(3)))
        one_more = await kubernetes.delete(virtual_service(0))
    assert all(begin < moment < max(arrivals[:3]) for moment in moments)
    assert max(arrivals[:3]) + ANSWER_SECONDS <= one_more < arrivals[3]


@pytest.mark.asyncio
async def test_a_refusal_says_what_was_refused_and_why(tmp_path: Path) -> None:
    async with asked(tmp_path, 409, []) as kubernetes:
        with pytest.raises(BenchmarkError, match=r"PATCH /apis/.*/service-00003/status: 409 because"):
            await kubernetes.patch(virtual_service(3), {}, "/status")
