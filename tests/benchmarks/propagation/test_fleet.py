"""Proxies that lose their streams come back, and what they were waiting for still counts."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import grpc
import pytest
from envoy.service.discovery.v3 import discovery_pb2
from grpc import aio

from benchmarks.propagation import fleet
from benchmarks.propagation.failure import BenchmarkError
from benchmarks.propagation.fleet import PATH, Fleet
from benchmarks.propagation.proxy import Mark
from benchmarks.propagation.resources import CLUSTER, LISTENER

pytestmark = pytest.mark.asyncio
SECONDS = 10.0


class Unsteady:
    """A control plane with one cluster, that ends streams when it is told to."""

    def __init__(self) -> None:
        self.cluster = "first"
        self.streams = 0
        self.end = asyncio.Event()

    async def serve(self, requests: AsyncIterator[bytes], context: Any) -> AsyncIterator[bytes]:
        self.streams += 1
        for type_url, name in ((CLUSTER, self.cluster), (LISTENER, "listener")):
            await anext(aiter(requests))
            response = discovery_pb2.DeltaDiscoveryResponse(type_url=type_url, nonce="n")
            response.resources.add(name=name)
            yield response.SerializeToString()
        await self.end.wait()

    def end_all(self) -> None:
        ended, self.end = self.end, asyncio.Event()
        ended.set()


@asynccontextmanager
async def served() -> AsyncIterator[tuple[Unsteady, Fleet]]:
    plane = Unsteady()
    server = aio.server(options=(("grpc.so_reuseport", 0),))
    _, service, method = PATH.split("/")
    handler = grpc.stream_stream_rpc_method_handler(plane.serve)
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(service, {method: handler}),))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    proxies = Fleet(port, 10)
    try:
        yield plane, proxies
    finally:
        proxies.close()
        plane.end_all()
        await server.stop(0)


async def test_proxies_come_back_and_receive_what_they_wait_for() -> None:
    async with served() as (plane, proxies):
        await proxies.grow(3, SECONDS)
        proxies.expect([Mark(frozenset({CLUSTER}), b"second")])
        plane.cluster = "second"
        plane.end_all()
        assert len(await proxies.received(SECONDS)) == 3
        assert (proxies.lost.total(), plane.streams) == (3, 6)
        await proxies.quiet(SECONDS)


async def test_a_control_plane_that_ends_streams_without_end_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fleet, "MOST_LOST", 2)
    async with served() as (plane, proxies):
        await proxies.grow(3, SECONDS)
        proxies.expect([Mark(frozenset({CLUSTER}), b"second")])
        plane.end_all()
        with pytest.raises(BenchmarkError, match="more than 2 proxies lost their streams, the last one because the se"):
            await proxies.received(SECONDS)
