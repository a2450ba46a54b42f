"""The gRPC side of ADS, delta and state of the world: raw bytes in and out, one task that reads and one that writes
for each stream.
"""

import asyncio
import logging
import time
from collections.abc import Callable
from typing import Any, Generic, Protocol

import grpc
from grpc import aio

from meshd.model.resource import Resource
from meshd.xds.admission import Authenticator, Identity, admit
from meshd.xds.publisher import Publisher
from meshd.xds.sotw import Sotw
from meshd.xds.stream import ProtocolViolation, Stream
from meshd.xds.subscription import Refusal
from meshd.xds.wire import Delta, Encoder, MalformedRequest, Request, Response

log = logging.getLogger(__name__)

SERVICE = "envoy.service.discovery.v3.AggregatedDiscoveryService"
DELTA, SOTW = "DeltaAggregatedResources", "StreamAggregatedResources"
MAX_REQUEST_BYTES = 64 * 1024 * 1024
"""A proxy that reconnects lists every resource it holds in its first request."""

MAX_DETAIL = 600
"""Characters of an error that are logged: Envoy may quote the whole resource."""

OPTIONS = (
    ("grpc.keepalive_time_ms", 30_000),
    ("grpc.keepalive_timeout_ms", 10_000),
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.http2.min_ping_interval_without_data_ms", 10_000),
    ("grpc.max_receive_message_length", MAX_REQUEST_BYTES),
    ("grpc.max_send_message_length", -1),
    ("grpc.so_reuseport", 0),
)


class Dialect(Protocol):
    """How requests and responses look on the wire of one stream."""

    def decode(self, raw: bytes) -> list[Request]:
        """What a message asks for. Raises MalformedRequest."""

    def encode(self, response: Response) -> bytes | None:
        """A message, or None where the client has nothing to learn: then `answer` stands for its answer."""

    def answer(self, response: Response) -> Request: ...


class Observer(Protocol):
    """Is told what there is to count."""

    def streams(self, count: int) -> None: ...

    def pushed(self, seconds: float) -> None: ...

    def refused(self, type_url: str, isolated: bool) -> None: ...


class AdsServer(Generic[Identity]):
    """Serves the streams of a publisher."""

    def __init__(self, publisher: Publisher, authenticator: Authenticator[Identity], observer: Observer) -> None:
        self._publisher = publisher
        self._authenticator = authenticator
        self._observer = observer
        self._encoder = Encoder()
        self._server = aio.server(options=OPTIONS)
        methods = {
            DELTA: grpc.stream_stream_rpc_method_handler(self._serve_delta),
            SOTW: grpc.stream_stream_rpc_method_handler(self._serve_sotw),
        }
        self._server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(SERVICE, methods),))

    def listen_tls(self, address: str, certificate: Callable[[], tuple[bytes, bytes]]) -> int:
        """Serve at `address` ("host:port"); `certificate` gives (chain, key) in PEM and may give another
        later.

        Returns the port. Raises RuntimeError when the address cannot be had.
        """
        shown: list[tuple[bytes, bytes]] = [certificate()]

        def fetch() -> Any:
            now = certificate()
            if now == shown[0]:
                return None
            shown[0] = now
            return _configuration(*now)

        credentials = grpc.dynamic_ssl_server_credentials(_configuration(*shown[0]), fetch)
        return int(self._server.add_secure_port(address, credentials))

    def listen_plaintext(self, address: str) -> int:
        """For tests and benchmarks on loopback only. Returns the port."""
        return int(self._server.add_insecure_port(address))

    async def start(self) -> None:
        await self._server.start()

    async def stop(self, spread: float) -> None:
        """Take no more streams and end the open ones, spread over `spread` seconds so that they move
        smoothly.
        """
        stopped = asyncio.create_task(self._server.stop(spread + 5))
        streams = self._publisher.streams
        for stream in streams:
            stream.close()
            await asyncio.sleep(spread / len(streams))
        await stopped

    # --- one stream

    async def _serve_delta(self, _: Any, context: Any) -> None:
        await self._serve(context, Delta(self._encoder))

    async def _serve_sotw(self, _: Any, context: Any) -> None:
        await self._serve(context, Sotw())

    async def _serve(self, context: Any, dialect: Dialect) -> None:
        proxy, requests = await admit(context, self._authenticator, dialect.decode)
        ready = asyncio.Event()
        stream = self._publisher.connect(proxy)
        stream.wake = ready.set
        for request in requests:
            stream.receive(request)
        self._observer.streams(len(self._publisher.streams))
        log.info("proxy=%s connected peer=%s", proxy.node_id, context.peer())
        reader = asyncio.create_task(self._read(stream, context, dialect))
        try:
            await self._write(stream, ready, context, dialect)
        finally:
            reader.cancel()
            self._publisher.disconnect(stream)
            self._observer.streams(len(self._publisher.streams))
            log.info("proxy=%s disconnected", proxy.node_id)
        violation = await _outcome(reader)
        if violation is not None:
            log.warning("proxy=%s refused: %s", stream.proxy.node_id, violation)
            await context.abort(grpc.StatusCode.PERMISSION_DENIED, str(violation))

    async def _read(self, stream: Stream, context: Any, dialect: Dialect) -> None:
        try:
            while (raw := await context.read()) is not aio.EOF:
                for request in dialect.decode(raw):
                    refusal = stream.receive(request)
                    if refusal is not None:
                        self._report(stream, refusal)
        finally:
            stream.close()

    async def _write(self, stream: Stream, ready: asyncio.Event, context: Any, dialect: Dialect) -> None:
        while not stream.closing:
            response = stream.next()
            if response is None:
                ready.clear()
                since, stream.dirty_since = stream.dirty_since, None
                if since is not None:
                    self._observer.pushed(time.monotonic() - since)
                await _wait(ready, stream.patience())
            elif (said := dialect.encode(response)) is not None:
                await context.write(said)
            else:
                stream.receive(dialect.answer(response))

    def _report(self, stream: Stream, refusal: Refusal) -> None:
        self._observer.refused(refusal.type_url, refusal.isolated is not None)
        kind = refusal.type_url.rpartition(".")[2]
        detail = " ".join(refusal.detail.split())[:MAX_DETAIL]
        if refusal.isolated is None:
            log.info(
                "proxy=%s refused a response with %d of type %s, looking for the cause: %s",
                stream.proxy.node_id, len(refusal.names), kind, detail,
            )  # fmt: skip
            return
        resource = stream.view.get(refusal.type_url, refusal.isolated)
        log.warning(
            "proxy=%s refused %s %s, keeping the last good one; made from %s: %s",
            stream.proxy.node_id, kind, refusal.isolated, _sources(resource), detail,
        )  # fmt: skip


def _sources(resource: Resource | None) -> str:
    return ", ".join(map(str, resource.sources)) if resource and resource.sources else "no object"


def _configuration(chain: bytes, key: bytes) -> Any:
    return grpc.ssl_server_certificate_configuration([(key, chain)])


async def _wait(ready: asyncio.Event, patience: float | None) -> None:
    if patience is None:
        await ready.wait()
        return
    try:
        await asyncio.wait_for(ready.wait(), patience)
    except TimeoutError:
        return


async def _outcome(reader: asyncio.Task[None]) -> Exception | None:
    """What ended the reading, where it was the proxy's fault."""
    try:
        await reader
    except (ProtocolViolation, MalformedRequest) as error:
        return error
    except (asyncio.CancelledError, aio.BaseError, aio.UsageError):
        return None
    return None
