"""The client: sends requests as told by one line of JSON and answers with one line of JSON.

Runs in a pod (`kubectl exec -i`, one process for many plans, so that no test pays for a process of its own) and, the
same code, on the host for requests through the gateway. A plan is one of
  {"requests": [R, …]}                                       -> {"responses": [...]}, one connection each
  {"load": R, "count": N, "concurrency": C, "by": HEADER}    -> {"tally": {...}}, kept-alive connections
  {"steady": R, "rate": PER_SECOND, "concurrency": C, "by": HEADER, "limit": SECONDS}
        -> the same, but goes on until the next line (any) arrives on standard input
with R = {"url", "method", "headers", "body", "timeout"}; the URL's scheme is http, tcp, hold, which is
tcp that waits for the other side to end it, or hello, which is tcp with the first words of a TLS client in place of the
body, whose server name is the body; a Host header replaces the URL's.
Nothing is ever retried here: an error is a result.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import socket
import ssl
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

Plan = Mapping[str, Any]
DEFAULT_TIMEOUT = 10.0
SAMPLED_ERRORS = 5


def connect(request: Plan) -> http.client.HTTPConnection:
    """A connection to the request's host and port, not opened yet."""
    parts = urlsplit(request["url"])
    timeout = float(request.get("timeout") or DEFAULT_TIMEOUT)
    return http.client.HTTPConnection(parts.hostname or "", parts.port or 80, timeout=timeout)


def exchange(connection: http.client.HTTPConnection, request: Plan) -> dict[str, Any]:
    """Send one HTTP request over `connection` and describe what came back, or what went wrong."""
    parts = urlsplit(request["url"])
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    body = str(request.get("body") or "").encode()
    started = time.monotonic()
    result: dict[str, Any] = {"status": None, "error": None, "headers": {}, "body": ""}
    try:
        headers = {name.lower(): value for name, value in (request.get("headers") or {}).items()}
        connection.putrequest(request.get("method") or "GET", path, skip_host="host" in headers,
                              skip_accept_encoding=True)  # fmt: skip
        for name, value in headers.items():
            connection.putheader(name, value)
        if body:
            connection.putheader("content-length", str(len(body)))
        connection.endheaders(body or None)
        response = connection.getresponse()
        result["body"] = response.read().decode(errors="replace")
        result["status"] = response.status
        result["headers"] = {name.lower(): value for name, value in response.getheaders()}
    except (OSError, http.client.HTTPException) as error:
        connection.close()
        result["error"] = f"{type(error).__name__}: {error}"
    result["seconds"] = time.monotonic() - started
    return result


def exchange_tcp(request: Plan) -> dict[str, Any]:
    """Send the body over a fresh TCP connection; the bytes that come back until the other side closes.

    By `talk` an answer is awaited before the end is said: who looks for a protocol gives up at an early end.
    """
    parts = urlsplit(request["url"])
    started = time.monotonic()
    result: dict[str, Any] = {"status": None, "error": None, "headers": {}, "body": ""}
    received = b""
    try:
        address = (parts.hostname or "", parts.port or 0)
        with socket.create_connection(address, float(request.get("timeout") or DEFAULT_TIMEOUT)) as connection:
            body = str(request.get("body") or "")
            if parts.scheme == "hello":  # a TLS client waits for an answer before it ends anything
                connection.sendall(client_hello(body))
                received += connection.recv(65536)
            else:
                connection.sendall(body.encode())
            if parts.scheme == "talk":
                received += connection.recv(65536)
            if parts.scheme != "hold":
                connection.shutdown(socket.SHUT_WR)
            while chunk := connection.recv(65536):
                received += chunk
        if not received:
            result["error"] = "closed without an answer"
    except OSError as error:
        result["error"] = f"{type(error).__name__}: {error}"
    result["body"] = received.decode(errors="replace")
    result["seconds"] = time.monotonic() - started
    return result


def client_hello(server_name: str) -> bytes:
    """What a TLS client sends first when it asks for `server_name`."""
    sent = ssl.MemoryBIO()
    client = ssl.create_default_context().wrap_bio(ssl.MemoryBIO(), sent, server_hostname=server_name)
    with contextlib.suppress(ssl.SSLWantReadError):
        client.do_handshake()
    return sent.read()


def send_once(request: Plan) -> dict[str, Any]:
    """One request over a connection of its own."""
    if request["url"].startswith(("tcp://", "talk://", "hello://", "hold://")):
        return exchange_tcp(request)
    connection = connect(request)
    try:
        return exchange(connection, request)
    finally:
        connection.close()


class Load:
    """Many equal requests from several threads, tallied. Each thread keeps one connection alive."""

    def __init__(self, plan: Plan, request: Plan, more: Callable[[], bool]) -> None:
        self.request = request
        self.by = str(plan.get("by") or "x-echo-version").lower()
        self.concurrency = int(plan.get("concurrency") or 1)
        self.rate = float(plan.get("rate") or 0.0)
        self.more = more
        self.statuses: Counter[str] = Counter()
        self.errors: Counter[str] = Counter()
        self.values: Counter[str] = Counter()
        self.seconds: list[float] = []
        self.samples: list[dict[str, Any]] = []
        self._lock = threading.Lock()

    def run(self) -> dict[str, Any]:
        """Run until `more` says no; the tally."""
        started = time.monotonic()
        threads = [threading.Thread(target=self._work, args=(started,)) for _ in range(self.concurrency)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        ordered = sorted(self.seconds) or [0.0]
        return {
            "statuses": dict(self.statuses),
            "errors": dict(self.errors),
            "values": dict(self.values),
            "samples": self.samples,
            "wall": time.monotonic() - started,
            "p50": ordered[len(ordered) // 2],
            "p95": ordered[int(len(ordered) * 0.95)],
            "max": ordered[-1],
        }

    def _work(self, started: float) -> None:
        connection = connect(self.request)
        sent = 0
        try:
            while self.more():
                self._record(exchange(connection, self.request))
                sent += 1
                if self.rate:
                    due = started + sent * self.concurrency / self.rate
                    time.sleep(max(0.0, due - time.monotonic()))
        finally:
            connection.close()

    def _record(self, result: dict[str, Any]) -> None:
        with self._lock:
            self.seconds.append(result["seconds"])
            if result["error"]:
                self.errors[result["error"]] += 1
            else:
                self.statuses[str(result["status"])] += 1
                self.values[result["headers"].get(self.by, "")] += 1
            if (result["error"] or result["status"] >= 500) and len(self.samples) < SAMPLED_ERRORS:
                self.samples.append(result)


def countdown(count: int) -> Callable[[], bool]:
    """Says yes exactly `count` times, from any thread."""
    numbers = iter(range(count))
    lock = threading.Lock()

    def more() -> bool:
        with lock:
            return next(numbers, None) is not None

    return more


def run(plan: Plan, wait_for_line: Callable[[], object]) -> dict[str, Any]:
    """Carry out one plan. `wait_for_line` blocks until a steady load is to end."""
    if "requests" in plan:
        return {"responses": [send_once(request) for request in plan["requests"]]}
    if "load" in plan:
        return {"tally": Load(plan, plan["load"], countdown(int(plan["count"]))).run()}
    ended = threading.Event()
    deadline = time.monotonic() + float(plan.get("limit") or 60.0)

    def end_on_line() -> None:
        wait_for_line()
        ended.set()

    threading.Thread(target=end_on_line, daemon=True).start()
    return {"tally": Load(plan, plan["steady"], lambda: not ended.is_set() and time.monotonic() < deadline).run()}


def main() -> None:
    """Serve plans from standard input until it ends."""
    print(json.dumps({"ready": True}), flush=True)
    while line := sys.stdin.readline():
        print(json.dumps(run(json.loads(line), sys.stdin.readline)), flush=True)


if __name__ == "__main__":
    main()
