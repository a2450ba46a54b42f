"""The HTTP/2 of the measured proxies, against gRPC's own server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import grpc
import pytest
from grpc import aio

from benchmarks.propagation.grpc_stream import GrpcStream

SERVICE, METHOD = "test.Echo", "Stream"
SECONDS = 10.0


async def _echo(requests: AsyncIterator[bytes], context: Any) -> AsyncIterator[bytes]:
    async for request in requests:
        if request == b"end":
            return
        yield request


class Caller:
    """A stream to a server that sends everything back."""

    def __init__(self) -> None:
        self.messages: list[bytes] = []
        self.reason = ""
        self.came = asyncio.Event()
        self.server = aio.server(options=(("grpc.max_receive_message_length", -1), ("grpc.so_reuseport", 0)))
        handler = grpc.stream_stream_rpc_method_handler(_echo)
        self.server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(SERVICE, {METHOD: handler}),))
        self.port = self.server.add_insecure_port("127.0.0.1:0")
        self.stream = GrpcStream(f"/{SERVICE}/{METHOD}", "test", self._take, self._end)

    def _take(self, message: bytes, now: float) -> None:
        assert now > 0
        self.messages.append(message)
        self.came.set()

    def _end(self, reason: str) -> None:
        self.reason = reason
        self.came.set()

    async def __aenter__(self) -> Caller:
        await self.server.start()
        await asyncio.get_running_loop().create_connection(lambda: self.stream, "127.0.0.1", self.port)
        return self

    async def __aexit__(self, *_: object) -> None:
        self.stream.close()
        await self.server.stop(0)

    async def until(self, count: int) -> None:
        async with asyncio.timeout(SECONDS):
            while len(self.messages) < count and not self.reason:
                self.came.clear()
                await self.came.wait()


@pytest.mark.asyncio
async def test_messages_of_all_sizes_arrive_whole_and_in_order() -> None:
    """The large ones are several times the size of a frame and of the server's windows."""
    sent = [b"", b"a", b"b" * 16_384, b"c" * 300_000, b"d" * 3_000_000, b"e"]
    async with Caller() as caller:
        for message in sent:
            caller.stream.send(message)
        await caller.until(len(sent))
        assert [len(message) for message in caller.messages] == [len(message) for message in sent]
        assert caller.messages == sent
        assert not caller.reason


@pytest.mark.asyncio
async def test_many_messages_arrive() -> None:
    async with Caller() as caller:
        for round_ in range(1, 11):
            for number in range(100):
                caller.stream.send(str(number).encode() * 20)
            await caller.until(round_ * 100)
        assert len(caller.messages) == 1000


@pytest.mark.asyncio
async def test_the_end_of_a_stream_is_told_once() -> None:
    async with Caller() as caller:
        caller.stream.send(b"end")
        await caller.until(1)
        assert "ended the stream" in caller.reason


@pytest.mark.asyncio
async def test_a_stream_that_is_closed_on_purpose_tells_nothing() -> None:
    async with Caller() as caller:
        caller.stream.close()
        await asyncio.sleep(0.05)
        assert caller.reason == ""
