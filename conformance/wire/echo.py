"""The backend: tells what it received, counts attempts by test id, and fails or dawdles exactly as it is told.

Requests steer it by header (all optional):
  x-echo-id: K             count this request under K; GET /attempts?id=K tells how many came, by method
  x-echo-status: 418       answer with this status
  x-echo-fail-first: N     only the first N requests of this id answer x-echo-fail-status (default 503)
  x-echo-fail-status: S    a status, or `reset` to close the connection without an answer
  x-echo-delay: SECONDS    wait before answering
  x-echo-delay-first: N    only the first N requests of this id wait
  x-echo-forward: URL      GET that URL, passing the trace headers on, and put its answer under "forwarded"
CONNECT makes a tunnel to any port. Every answer names pod and version in x-echo-pod and x-echo-version; the body is
JSON. TCP connections to the TCP port get "<pod> <version> " and then their own bytes back.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import json
import os
import signal
import socket
import socketserver
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

TRACE_HEADERS = (
    "x-request-id",
    "x-b3-traceid",
    "x-b3-spanid",
    "x-b3-parentspanid",
    "x-b3-sampled",
    "x-b3-flags",
    "b3",
    "traceparent",
    "tracestate",
)


class Identity:
    """Which backend this is, and what it has counted. Shared by all its servers."""

    def __init__(self, pod: str, version: str) -> None:
        self.pod = pod
        self.version = version
        self.draining = False
        self._attempts: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self._lock = threading.Lock()

    def count(self, test_id: str, method: str) -> int:
        """Count one attempt; its number, from 1."""
        with self._lock:
            self._attempts[test_id][method] += 1
            return self._attempts[test_id].total()

    def attempts(self, test_id: str) -> dict[str, int]:
        """Attempts counted for one id, by method."""
        with self._lock:
            return dict(self._attempts[test_id])


class HttpServer(ThreadingHTTPServer):
    """HTTP/1.1, one thread a connection."""

    daemon_threads = True
    request_queue_size = 1024

    def __init__(self, port: int, identity: Identity, host: str = "") -> None:
        self.identity = identity
        super().__init__((host, port), _HttpHandler)


class TcpServer(socketserver.ThreadingTCPServer):
    """Echoes bytes after one greeting."""

    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 256

    def __init__(self, port: int, identity: Identity, host: str = "") -> None:
        self.identity = identity
        super().__init__((host, port), _TcpHandler)


class _HttpHandler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1
    disable_nagle_algorithm = True
    server: HttpServer

    def _serve(self) -> None:
        sent = {name.lower(): value for name, value in self.headers.items()}
        length = int(sent.get("content-length") or 0)
        body = self.rfile.read(length) if length else b""
        url = urlsplit(self.path)
        identity = self.server.identity
        if url.path == "/healthz":
            return self._answer(200, {})
        if url.path == "/attempts":
            return self._answer(200, identity.attempts(parse_qs(url.query)["id"][-1]))
        number = identity.count(sent["x-echo-id"], self.command) if "x-echo-id" in sent else 0
        if "x-echo-delay" in sent and (not number or number <= int(sent.get("x-echo-delay-first", number))):
            time.sleep(float(sent["x-echo-delay"]))
        status = sent.get("x-echo-status", "200")
        if number and number <= int(sent.get("x-echo-fail-first", "0")):
            status = sent.get("x-echo-fail-status", "503")
        if status == "reset":
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
            return None
        return self._answer(int(status), self._description(sent, body))

    do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = _serve

    def do_HEAD(self) -> None:
        self._serve()

    def do_CONNECT(self) -> None:
        """A tunnel to HOST:PORT until either side closes."""
        host, _, port = self.path.rpartition(":")
        with socket.create_connection((host, int(port))) as far:
            self.send_response(200)
            self.end_headers()
            self.wfile.flush()
            back = threading.Thread(target=_pass_on, args=(far, self.connection), daemon=True)
            back.start()
            _pass_on(self.connection, far)
            back.join()
        self.close_connection = True

    def _description(self, sent: Mapping[str, str], body: bytes) -> dict[str, Any]:
        identity = self.server.identity
        description: dict[str, Any] = {
            "pod": identity.pod,
            "version": identity.version,
            "method": self.command,
            "path": self.path,
            "headers": dict(sent),
            "body": body.decode(errors="replace"),
            "port": self.connection.getsockname()[1],
            "peer": self.client_address[1],
        }
        if "x-echo-forward" in sent:
            passed_on = {name: sent[name] for name in TRACE_HEADERS if name in sent}
            description["forwarded"] = fetch_json(sent["x-echo-forward"], passed_on)
        return description

    def _answer(self, status: int, content: Mapping[str, Any]) -> None:
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.send_header("x-echo-pod", self.server.identity.pod)
        self.send_header("x-echo-version", self.server.identity.version)
        if self.server.identity.draining:
            self.send_header("connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
        self.wfile.flush()

    def log_message(self, format: str, *args: Any) -> None:
        pass


def _pass_on(source: socket.socket, destination: socket.socket) -> None:
    """Bytes until `source` ends; then `destination` is told so."""
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            destination.sendall(data)
        destination.shutdown(socket.SHUT_WR)


class _TcpHandler(socketserver.BaseRequestHandler):
    server: TcpServer

    def handle(self) -> None:
        identity = self.server.identity
        greeted = False
        while data := self.request.recv(65536):
            if not greeted:
                self.request.sendall(f"{identity.pod} {identity.version} ".encode())
                greeted = True
            self.request.sendall(data)


def fetch_json(url: str, headers: Mapping[str, str]) -> dict[str, Any]:
    """GET `url`: its status and JSON body."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port or 80, timeout=5)
    try:
        connection.request("GET", parts.path or "/", headers=dict(headers))
        response = connection.getresponse()
        text = response.read().decode(errors="replace")
        body = json.loads(text) if text.startswith("{") else text
        return {"status": response.status, "body": body}
    finally:
        connection.close()


def main() -> None:
    """Serve on all ports until SIGTERM; go on for --drain seconds after it, then end."""
    parser = argparse.ArgumentParser(description="conformance backend")
    parser.add_argument("--version", default="v1")
    parser.add_argument("--http-port", type=int, action="append", default=[])
    parser.add_argument("--tcp-port", type=int, action="append", default=[])
    parser.add_argument("--drain", type=float, default=4.0)
    options = parser.parse_args()
    identity = Identity(os.environ.get("POD_NAME") or socket.gethostname(), options.version)
    servers: list[socketserver.BaseServer] = [HttpServer(port, identity) for port in options.http_port]
    servers += [TcpServer(port, identity) for port in options.tcp_port]
    for server in servers:
        threading.Thread(target=server.serve_forever, daemon=True).start()
    terminated = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: terminated.set())
    terminated.wait()
    identity.draining = True
    time.sleep(options.drain)


if __name__ == "__main__":
    main()
