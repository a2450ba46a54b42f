"""All connected proxies of a run."""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import suppress
from functools import partial

from benchmarks.propagation.failure import BenchmarkError
from benchmarks.propagation.grpc_stream import GrpcStream
from benchmarks.propagation.proxy import Mark, Proxy, node_of

PATH = "/envoy.service.discovery.v3.AggregatedDiscoveryService/DeltaAggregatedResources"
QUIET_SECONDS = 0.3
"""No message for so long: nothing more is on its way."""
LOOK_SECONDS = 0.02
CONNECTIONS_AT_ONCE = 64
MOST_LOST = 2000
"""Streams of a control plane; after that it is no peer."""
RETURN_SECONDS = 0.5
"""A proxy comes back within so long, as Envoy does by default (its base interval)."""


class Fleet:
    """Proxies of the pods 0, 1, 2 … at one control plane; `port` is that of its delta ADS on loopback."""

    def __init__(self, port: int, services: int) -> None:
        self.proxies: list[Proxy] = []
        self._port = port
        self._services = services
        self.lost: Counter[str] = Counter()
        """Streams that the control plane ended, by how; their proxies came back, as Envoys would."""
        self._streams: dict[Proxy, GrpcStream] = {}
        self._returning: set[asyncio.Task[None]] = set()
        self._awaited = 0
        self._done = asyncio.Event()
        self._broken = ""

    @property
    def bytes_received(self) -> int:
        return sum(proxy.bytes_received for proxy in self.proxies)

    async def grow(self, count: int, seconds: float) -> float:
        """Connect until there are `count` proxies and all have everything; how long it took, in seconds."""
        begin = time.monotonic()
        slots = asyncio.Semaphore(CONNECTIONS_AT_ONCE)

        async def connect(pod: int) -> Proxy:
            async with slots:
                return await self._connect(pod)

        new = await asyncio.gather(*map(connect, range(len(self.proxies), count)))
        self.proxies.extend(new)
        await self._settle(new, seconds)
        return max((proxy.last_message_at for proxy in new), default=begin) - begin

    async def join(self, hosts: Sequence[bytes], seconds: float) -> float:
        """Seconds that one more proxy takes from its connection to its last resource; it leaves again.

        Raises BenchmarkError when it was sent no route for one of `hosts`.
        """
        begin = time.monotonic()
        proxy = await self._connect(len(self.proxies), keep=True)
        await self._settle([proxy], seconds)
        self._streams.pop(proxy).close()
        routes = b"".join(proxy.kept or ())
        absent = [host.decode() for host in hosts if host not in routes]
        if absent:
            raise BenchmarkError(f"a new proxy was sent no route for {len(absent)} hosts, as {absent[0]}")
        return proxy.last_message_at - begin

    async def quiet(self, seconds: float) -> None:
        """Wait until no proxy has been sent anything for a while."""
        await self._settle(self.proxies, seconds)

    def expect(self, marks: Sequence[Mark]) -> None:
        """From now on look for `marks` at every proxy."""
        self._awaited = len(self.proxies)
        self._done.clear()
        for proxy in self.proxies:
            proxy.expect(marks)

    async def received(self, seconds: float) -> list[float]:
        """When each proxy had received all the marks, in monotonic seconds. Raises BenchmarkError."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._done.wait(), seconds)
        self._check()
        times = [proxy.received_at for proxy in self.proxies if proxy.received_at is not None]
        if len(times) < len(self.proxies):
            lacking = len(self.proxies) - len(times)
            raise BenchmarkError(f"{lacking} of {len(self.proxies)} proxies did not receive it within {seconds:g} s")
        return times

    def close(self) -> None:
        for task in self._returning:
            task.cancel()
        for stream in self._streams.values():
            stream.close()
        self._streams.clear()

    # --- inside

    async def _connect(self, pod: int, keep: bool = False) -> Proxy:
        proxy = Proxy(node_of(pod, self._services), self._proxy_received)
        proxy.kept = [] if keep else None
        await self._open(proxy)
        return proxy

    async def _open(self, proxy: Proxy) -> None:
        stream = GrpcStream(PATH, f"127.0.0.1:{self._port}", proxy.take, partial(self._ended, proxy))
        await asyncio.get_running_loop().create_connection(lambda: stream, "127.0.0.1", self._port)
        self._streams[proxy] = stream
        proxy.open(stream.send)

    async def _settle(self, proxies: Iterable[Proxy], seconds: float) -> None:
        proxies = list(proxies)
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            self._check()
            last = max((proxy.last_message_at for proxy in proxies), default=0.0)
            if all(proxy.complete for proxy in proxies) and time.monotonic() - last > QUIET_SECONDS:
                return
            await asyncio.sleep(LOOK_SECONDS)
        incomplete = sum(not proxy.complete for proxy in proxies)
        raise BenchmarkError(f"{incomplete} of {len(proxies)} proxies lack resources after {seconds:g} s")

    def _proxy_received(self) -> None:
        self._awaited -= 1
        if self._awaited == 0:
            self._done.set()

    def _ended(self, proxy: Proxy, reason: str) -> None:
        self.lost[reason] += 1
        if self.lost.total() > MOST_LOST:
            self._give_up(f"more than {MOST_LOST} proxies lost their streams, the last one because {reason}")
            return
        task = asyncio.get_running_loop().create_task(self._return(proxy))
        self._returning.add(task)
        task.add_done_callback(self._returning.discard)

    async def _return(self, proxy: Proxy) -> None:
        await asyncio.sleep(random.uniform(0, RETURN_SECONDS))
        try:
            await self._open(proxy)
        except OSError as error:
            self._give_up(f"a proxy cannot come back: {error}")

    def _give_up(self, reason: str) -> None:
        self._broken = reason
        self._done.set()

    def _check(self) -> None:
        if self._broken:
            raise BenchmarkError(self._broken)
