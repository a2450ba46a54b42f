"""A small HTTP/1.1 server for one service: routes by path, answers probes, ends gracefully on SIGTERM.

On SIGTERM it keeps answering for a while, because others may still hold this pod's address, and asks clients
to close their connections; then it stops accepting, waits for the requests in flight and returns.
"""

from __future__ import annotations

import json
import re
import signal
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import FrameType
from urllib.parse import parse_qs, urlsplit

IDLE_CONNECTION_SECONDS = 120.0
FINISH_SECONDS = 10.0
"""Longest wait for requests still in flight once the server has stopped accepting."""


@dataclass(frozen=True)
class Request:
    """One incoming request. `headers` has lower-case names, `query` the last value of each parameter."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes = b""
    parameters: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Response:
    """An answer: status, body, content type and any further headers."""

    status: int
    body: bytes
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Route:
    """Requests of `method` whose whole path matches `pattern` (named groups become `Request.parameters`)."""

    method: str
    pattern: str
    handle: Callable[[Request], Response]


def json_response(content: object, status: int = 200) -> Response:
    """`content` as a JSON answer."""
    return Response(status, json.dumps(content).encode())


def error_response(status: int, message: str) -> Response:
    """An error in the one shape all services use: `{"error": message}`."""
    return json_response({"error": message}, status)


def answer(routes: Sequence[Route], request: Request) -> Response:
    """The answer of the first route that fits; 404 for no such path, 405 for another method, 500 on a bug."""
    known_path = False
    for route in routes:
        match = re.fullmatch(route.pattern, request.path)
        if match is None:
            continue
        known_path = True
        if route.method == request.method:
            return _handled(route, request, match.groupdict())
    if known_path:
        return error_response(HTTPStatus.METHOD_NOT_ALLOWED, f"{request.method} is not allowed here")
    return error_response(HTTPStatus.NOT_FOUND, f"nothing at {request.path}")


def _handled(route: Route, request: Request, parameters: dict[str, str]) -> Response:
    try:
        return route.handle(
            Request(request.method, request.path, request.query, request.headers, request.body, parameters)
        )
    except Exception as error:  # a bug in one handler must not take the service down
        return error_response(HTTPStatus.INTERNAL_SERVER_ERROR, f"{type(error).__name__}: {error}")


class ServiceServer(ThreadingHTTPServer):
    """One thread per connection; counts the requests in flight so that the end can wait for them."""

    request_queue_size = 256
    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, address: tuple[str, int], service: str, routes: Sequence[Route]) -> None:
        self.service = service
        self.routes = [Route("GET", "/healthz", lambda _: Response(200, b"ok", "text/plain")), *routes]
        self.draining = False
        self._in_flight = 0
        self._changed = threading.Condition()
        super().__init__(address, _Handler)

    @property
    def port(self) -> int:
        """The TCP port in use (useful after asking for port 0)."""
        return int(self.server_address[1])

    def begin(self) -> None:
        """Count one more request in flight."""
        with self._changed:
            self._in_flight += 1

    def end(self) -> None:
        """Count one request less in flight."""
        with self._changed:
            self._in_flight -= 1
            self._changed.notify_all()

    def serve_until_terminated(self, drain_seconds: float) -> None:
        """Serve; after SIGTERM or SIGINT go on for `drain_seconds`, finish what is in flight, return."""
        terminated = threading.Event()

        def on_signal(_number: int, _frame: FrameType | None) -> None:
            self.draining = True
            terminated.set()

        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, on_signal)
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True).start()
        terminated.wait()
        time.sleep(drain_seconds)
        self.shutdown()
        with self._changed:
            self._changed.wait_for(lambda: self._in_flight == 0, FINISH_SECONDS)
        self.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "shop"
    sys_version = ""
    wbufsize = -1  # one write for headers and body; two would wait for the peer's delayed ACK
    disable_nagle_algorithm = True
    timeout = IDLE_CONNECTION_SECONDS
    server: ServiceServer

    def do_GET(self) -> None:
        self._serve()

    def do_HEAD(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def _serve(self) -> None:
        self.server.begin()
        try:
            self._send(answer(self.server.routes, self._request()))
        finally:
            self.server.end()

    def _request(self) -> Request:
        url = urlsplit(self.path)
        length = int(self.headers.get("content-length") or 0)
        return Request(
            method="GET" if self.command == "HEAD" else self.command,
            path=url.path,
            query={name: values[-1] for name, values in parse_qs(url.query).items()},
            headers={name.lower(): value for name, value in self.headers.items()},
            body=self.rfile.read(length) if length else b"",
        )

    def _send(self, response: Response) -> None:
        self.send_response(response.status)
        self.send_header("content-type", response.content_type)
        self.send_header("content-length", str(len(response.body)))
        for name, value in response.headers.items():
            self.send_header(name, value)
        if self.server.draining:
            self.send_header("connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(response.body)
        self.wfile.flush()

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Nothing: whoever carries the requests can log them."""
