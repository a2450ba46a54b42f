"""One gRPC stream over a connection of its own: just the HTTP/2 that a delta-ADS client needs.

A thousand of these in one process must cost little beside what is measured: grpc.aio takes about 0.1 ms for each
message, which at a thousand proxies would be most of the time that is seen. Flow control is kept in both directions.

https://www.rfc-editor.org/rfc/rfc9113, https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md
"""

from __future__ import annotations

import asyncio
import struct
import time
from collections.abc import Callable

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, RST_STREAM, SETTINGS, PING, GOAWAY, WINDOW_UPDATE = 0, 1, 3, 4, 6, 7, 8
END_STREAM, ACK, END_HEADERS, PADDED = 0x1, 0x1, 0x4, 0x8
INITIAL_WINDOW_SIZE = 4
DEFAULT_WINDOW = 65_535
LARGEST_WINDOW = 2**31 - 1
REPLENISH_BYTES = 2**30
LARGEST_FRAME = 16_384
STREAM = 1

OnMessage = Callable[[bytes, float], None]
"""(message, when its last byte was read, in monotonic seconds)."""


def frame(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    return struct.pack("!IBI", len(payload) << 8 | kind, flags, stream) + payload


def header(name: str, value: str) -> bytes:
    """A literal header field that is not indexed, without Huffman coding (RFC 7541, 6.2.2); both below 127 bytes."""
    parts = (part.encode() for part in (name, value))
    return b"\x00" + b"".join(bytes((len(part),)) + part for part in parts)


def opening(path: str, authority: str) -> bytes:
    """All that a client says before its first message."""
    headers = {
        ":method": "POST",
        ":scheme": "http",
        ":path": path,
        ":authority": authority,
        "content-type": "application/grpc",
        "te": "trailers",
    }
    settings = struct.pack("!HI", INITIAL_WINDOW_SIZE, LARGEST_WINDOW)
    return b"".join(
        (
            PREFACE,
            frame(SETTINGS, 0, 0, settings),
            frame(WINDOW_UPDATE, 0, 0, struct.pack("!I", LARGEST_WINDOW - DEFAULT_WINDOW)),
            frame(HEADERS, END_HEADERS, STREAM, b"".join(header(*pair) for pair in headers.items())),
        )
    )


class GrpcStream(asyncio.Protocol):
    """Calls `on_message` for each message and `on_end` once, with the reason, when no more can come."""

    def __init__(self, path: str, authority: str, on_message: OnMessage, on_end: Callable[[str], None]) -> None:
        self._opening = opening(path, authority)
        self._on_message = on_message
        self._on_end: Callable[[str], None] | None = on_end
        self._transport: asyncio.Transport | None = None
        self._input = bytearray()
        self._body = bytearray()
        self._output = bytearray()
        self._initial_window = self._stream_window = self._connection_window = DEFAULT_WINDOW
        self._consumed = 0

    def send(self, message: bytes) -> None:
        self._output += b"\x00" + struct.pack("!I", len(message)) + message
        self._flush()

    def close(self) -> None:
        self._on_end = None
        if self._transport is not None:
            self._transport.abort()

    # --- asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.write(self._opening)

    def connection_lost(self, error: Exception | None) -> None:
        self._end(f"the connection broke: {error}" if error else "the connection was closed")

    def data_received(self, data: bytes) -> None:
        now = time.monotonic()
        self._input += data
        start, end = 0, len(self._input)
        while end - start >= 9:
            word, flags, stream = struct.unpack_from("!IBI", self._input, start)
            stop = start + 9 + (word >> 8)
            if stop > end:
                break
            self._take(word & 0xFF, flags, stream, start + 9, stop, now)
            start = stop
        del self._input[:start]

    # --- inside

    def _take(self, kind: int, flags: int, stream: int, start: int, stop: int, now: float) -> None:
        if kind == DATA:
            self._data(flags, start, stop, now)
        elif kind == WINDOW_UPDATE:
            (more,) = struct.unpack_from("!I", self._input, start)
            if stream:
                self._stream_window += more
            else:
                self._connection_window += more
            self._flush()
        elif kind == SETTINGS and not flags & ACK:
            self._settings(start, stop)
        elif kind == PING and not flags & ACK:
            self._write(frame(PING, ACK, 0, bytes(self._input[start:stop])))
        elif kind in (RST_STREAM, GOAWAY) or (kind == HEADERS and flags & END_STREAM):
            self._end(f"the server ended the stream (frame type {kind})")

    def _data(self, flags: int, start: int, stop: int, now: float) -> None:
        self._consumed += stop - start
        if flags & PADDED:
            stop -= self._input[start]
            start += 1
        self._body += memoryview(self._input)[start:stop]
        self._messages(now)
        if self._consumed >= REPLENISH_BYTES:
            update = struct.pack("!I", self._consumed)
            self._write(frame(WINDOW_UPDATE, 0, 0, update) + frame(WINDOW_UPDATE, 0, STREAM, update))
            self._consumed = 0

    def _messages(self, now: float) -> None:
        start = 0
        while len(self._body) - start >= 5:
            (length,) = struct.unpack_from("!I", self._body, start + 1)
            stop = start + 5 + length
            if stop > len(self._body):
                break
            self._on_message(bytes(memoryview(self._body)[start + 5 : stop]), now)
            start = stop
        if start:
            del self._body[:start]

    def _settings(self, start: int, stop: int) -> None:
        for at in range(start, stop, 6):
            name, value = struct.unpack_from("!HI", self._input, at)
            if name == INITIAL_WINDOW_SIZE:
                self._stream_window += value - self._initial_window
                self._initial_window = value
        self._write(frame(SETTINGS, ACK, 0, b""))
        self._flush()

    def _flush(self) -> None:
        while self._output and (room := min(self._stream_window, self._connection_window, LARGEST_FRAME)) > 0:
            part = bytes(self._output[:room])
            del self._output[:room]
            self._stream_window -= len(part)
            self._connection_window -= len(part)
            self._write(frame(DATA, 0, STREAM, part))

    def _write(self, data: bytes) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(data)

    def _end(self, reason: str) -> None:
        on_end, self._on_end = self._on_end, None
        if on_end is not None:
            on_end(reason)
