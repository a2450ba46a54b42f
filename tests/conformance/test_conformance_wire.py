"""The programs that run in pods, here in-process over real sockets."""

from __future__ import annotations

import json
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from conformance.callers import HostCaller, LineProcess
from conformance.calls import Target
from conformance.wire import client
from conformance.wire.echo import HttpServer, Identity, TcpServer
from conformance.wire.sniffer import Capture, parse_tcp

WIRE = Path(client.__file__).parent


@contextmanager
def serving(server: Any) -> Iterator[int]:
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield int(server.server_address[1])
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def identity() -> Identity:
    return Identity("pod-a", "v1")


@pytest.fixture
def echo(identity: Identity) -> Iterator[Target]:
    with serving(HttpServer(0, identity, "127.0.0.1")) as port:
        yield Target(HostCaller(), f"http://127.0.0.1:{port}", "echo.example")


def test_echo_tells_what_it_received(echo: Target) -> None:
    answer = echo.send("/a?b=c", "POST", {"x-one": "1"}, "hello")
    assert (answer.status, answer.version, answer.pod) == (200, "v1", "pod-a")
    assert answer.seen["path"] == "/a?b=c"
    assert answer.seen["method"] == "POST"
    assert answer.seen["body"] == "hello"
    assert answer.seen["headers"] == {"host": "echo.example", "x-one": "1", "content-length": "5"}


def test_echo_fails_the_first_attempts_and_counts_all(echo: Target) -> None:
    headers = {"x-echo-id": "k", "x-echo-fail-first": "2", "x-echo-fail-status": "500"}
    assert [echo.send(headers=headers).status for _ in range(3)] == [500, 500, 200]
    echo.send(method="POST", headers={"x-echo-id": "k"})
    assert echo.send("/attempts?id=k").seen == {"GET": 3, "POST": 1}
    assert echo.send("/attempts?id=other").seen == {}


def test_echo_resets_when_told(echo: Target) -> None:
    answer = echo.send(headers={"x-echo-id": "r", "x-echo-fail-first": "1", "x-echo-fail-status": "reset"})
    assert answer.status is None
    assert answer.error


def test_echo_delays_the_first_attempts(echo: Target) -> None:
    headers = {"x-echo-id": "d", "x-echo-delay": "0.2", "x-echo-delay-first": "1"}
    first, second = echo.send(headers=headers), echo.send(headers=headers)
    assert first.seconds >= 0.2 > second.seconds
    assert echo.send(headers={"x-echo-delay": "0.2"}).seconds >= 0.2


def test_echo_forwards_with_the_trace_headers_alone(echo: Target) -> None:
    headers = {"x-echo-forward": echo.base + "/next", "b3": "1-2-1", "x-other": "stays"}
    forwarded = echo.send("/first", headers=headers).seen["forwarded"]
    assert forwarded["status"] == 200
    assert forwarded["body"]["path"] == "/next"
    assert forwarded["body"]["headers"]["b3"] == "1-2-1"
    assert "x-other" not in forwarded["body"]["headers"]


def test_echo_asks_to_close_when_draining(echo: Target, identity: Identity) -> None:
    identity.draining = True
    assert echo.send().headers["connection"] == "close"


def test_tcp_echo_greets_and_echoes(identity: Identity) -> None:
    with serving(TcpServer(0, identity, "127.0.0.1")) as port:
        target = Target(HostCaller(), f"tcp://127.0.0.1:{port}")
        assert target.send(body="hello").body == "pod-a v1 hello"
    assert "refused" in (target.send(body="hello").error or "")


def test_load_counts_every_request_once(echo: Target) -> None:
    tally = echo.load(500, concurrency=4, headers={"x-echo-id": "load"})
    assert tally.statuses == {"200": 500}
    assert tally.values == {"v1": 500}
    assert (tally.total, tally.failures) == (500, 0)
    assert 0 < tally.p50 <= tally.p95 <= tally.max
    assert echo.send("/attempts?id=load").seen == {"GET": 500}


def test_load_counts_failures_and_keeps_samples(echo: Target) -> None:
    tally = echo.load(20, concurrency=2, headers={"x-echo-status": "503"})
    assert tally.failures == 20
    assert 0 < len(tally.samples) <= client.SAMPLED_ERRORS
    assert "20 failed" in str(tally)


def test_steady_load_keeps_its_rate_and_ends_when_told(echo: Target) -> None:
    with echo.steady(rate=100, concurrency=2) as load:
        with pytest.raises(RuntimeError, match="not ended"):
            _ = load.tally
        time.sleep(0.5)
    assert 30 <= load.tally.total <= 60
    assert load.tally.failures == 0


def test_client_program_serves_plans_line_by_line(echo: Target) -> None:
    process = LineProcess(
        subprocess.Popen(
            [sys.executable, "-u", str(WIRE / "client.py")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
    )
    try:
        assert process.read(10) == {"ready": True}
        for number in range(2):
            process.write(json.dumps({"requests": [echo.request(f"/{number}")]}))
            (result,) = process.read(10)["responses"]
            assert json.loads(result["body"])["path"] == f"/{number}"
        process.write("this is no plan")
        with pytest.raises(RuntimeError, match="JSONDecodeError"):
            process.read(10)
    finally:
        process.close()


def test_must_become_waits_for_whole_batches(echo: Target, identity: Identity) -> None:
    timer = threading.Timer(0.2, lambda: setattr(identity, "version", "v2"))
    timer.start()
    answer = echo.must_become(lambda r: r.version == "v2", "version v2", within=5)
    timer.join()
    assert answer.version == "v2"
    with pytest.raises(AssertionError, match=r"version v9 not within 0\.1 s; last seen: host -> echo\.example/: 200"):
        echo.must_become(lambda r: r.version == "v9", "version v9", within=0.1)


def tcp_packet(source: int, target: int, sequence: int, payload: bytes) -> bytes:
    tcp = struct.pack("!HHIIBBHHH", source, target, sequence, 0, 5 << 4, 0, 0, 0, 0)
    length = 20 + len(tcp) + len(payload)
    addresses = bytes([10, 0, 0, 1, 10, 0, 0, 2])
    return struct.pack("!BBHHHBBH", 0x45, 0, length, 0, 0, 64, 6, 0) + addresses + tcp + payload


def test_sniffer_reads_payloads_by_flow() -> None:
    packet = tcp_packet(40000, 8080, 7, b"GET / HTTP/1.1")
    assert parse_tcp(packet + b"padding") == ("10.0.0.1", 40000, "10.0.0.2", 8080, 7, b"GET / HTTP/1.1")
    capture = Capture(8080)
    for taken in (packet, packet, tcp_packet(40000, 8080, 21, b"more"), tcp_packet(1, 2, 3, b"other port")):
        capture.add(taken)
    capture.add(tcp_packet(40000, 8080, 25, b""))
    capture.add(b"\x60" + b"\0" * 60)
    assert capture.packets == 2
    assert bytes(capture.flows["10.0.0.1:40000>10.0.0.2:8080"]) == b"GET / HTTP/1.1more"


def test_programs_for_pods_need_the_standard_library_alone() -> None:
    with ExitStack():
        for program in ("echo.py", "client.py", "sniffer.py"):
            command = [sys.executable, "-I", "-S", str(WIRE / program), "--help"]
            if program == "client.py":
                command = [sys.executable, "-I", "-S", str(WIRE / program)]
            finished = subprocess.run(command, input="", capture_output=True, text=True, timeout=20, check=False)
            assert finished.returncode == 0, finished.stderr


def test_a_connection_may_be_held_until_the_other_side_ends_it(identity: Identity) -> None:
    with serving(TcpServer(0, identity, "127.0.0.1")) as port:
        held = Target(HostCaller(), f"hold://127.0.0.1:{port}", timeout=0.2).send(body="hello")
    assert held.body == "pod-a v1 hello"
    assert "TimeoutError" in str(held.error)


def test_echo_makes_tunnels(echo: Target, identity: Identity) -> None:
    with (
        serving(TcpServer(0, identity, "127.0.0.1")) as port,
        socket.create_connection(("127.0.0.1", int(echo.base.rpartition(":")[2])), timeout=5) as tunnel,
    ):
        tunnel.sendall(f"CONNECT 127.0.0.1:{port} HTTP/1.1\r\n\r\n".encode())
        with tunnel.makefile("rb") as answer:
            assert answer.readline().split()[1] == b"200"
            while answer.readline() != b"\r\n":
                pass
            tunnel.sendall(b"hello")
            tunnel.shutdown(socket.SHUT_WR)
            assert answer.read() == b"pod-a v1 hello"
