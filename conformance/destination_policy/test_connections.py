"""How connections to a server are made, kept and ended, as a server outside the mesh sees it: no proxy is before it."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from conformance.backends import Backends
from conformance.calls import Response, Target
from conformance.convergence import eventually
from conformance.manifests import Manifests
from conformance.timeouts import TIMEOUTS

pytestmark = pytest.mark.destination_policy
HERE = Path(__file__).parent
REQUESTS = 12


@pytest.fixture(scope="module")
def connections(manifests: Manifests, backends: Backends) -> Iterator[Backends]:
    with manifests.applied(HERE / "connections.yaml"):
        yield backends


def outside(backends: Backends, name: str, scheme: str = "http", port: int = 80) -> Target:
    return Target(backends.client, f"{scheme}://{name}.{backends.settings.outside_namespace}:{port}")


def must_get(target: Target, fits: Callable[[Response], bool], what: str) -> None:
    """Wait until "hello" gets what fits."""

    def check() -> None:
        found = target.send(body="hello")
        assert fits(found), repr(found)

    eventually(check, within=TIMEOUTS.config_takes_effect, what=what)


def used(target: Target, pause: float = 0.0) -> int:
    """How many connections the server got for a number of requests one after another."""
    peers = set()
    for _ in range(REQUESTS if not pause else 4):
        peers.add(target.send().seen["peer"])
        time.sleep(pause)
    return len(peers)


def test_a_connection_has_as_many_requests_as_told(connections: Backends) -> None:
    outside(connections, "plain").must_become(lambda r: r.status == 200, "the server without a rule answering")
    assert used(outside(connections, "plain")) < REQUESTS, "connections are not kept anyway"

    def each_its_own() -> None:
        assert used(outside(connections, "once")) == REQUESTS

    eventually(each_its_own, within=TIMEOUTS.config_takes_effect, what="a connection for each request")


def test_an_idle_connection_is_not_used_again(connections: Backends) -> None:
    outside(connections, "plain").must_become(lambda r: r.status == 200, "the server without a rule answering")
    assert used(outside(connections, "plain"), pause=1) < 4, "connections are not kept anyway"

    def each_its_own() -> None:
        assert used(outside(connections, "brief"), pause=1) == 4

    eventually(each_its_own, within=TIMEOUTS.config_takes_effect, what="a connection after each pause", successes=1)


def test_http2_is_spoken_where_told_unless_the_clients_protocol_is_kept(connections: Backends) -> None:
    """The server speaks HTTP/1.1 alone, as its client does: who speaks HTTP/2 to it gets no answer from it."""

    def must_not_be_understood(target: Target) -> None:
        target.must_become(lambda r: r.status in (502, 503) and not r.pod, "HTTP/2 not understood")

    outside(connections, "plain").must_become(lambda r: r.status == 200, "HTTP/1.1 understood")
    must_not_be_understood(outside(connections, "upgraded"))
    must_not_be_understood(outside(connections, "plain", port=82))
    outside(connections, "same", port=82).must_become(lambda r: r.status == 200, "the client's own protocol understood")


@pytest.mark.parametrize("name", ["idle", "short"])
def test_a_tcp_connection_ends_by_itself(connections: Backends, name: str) -> None:
    kept = outside(connections, "plain", "hold", 9000)
    patient = Target(kept.caller, kept.base, timeout=TIMEOUTS.refused_request)
    assert "TimeoutError" in str(patient.send(body="hello").error), "connections end by themselves anyway"
    ending = outside(connections, name, "hold", 9000)
    must_get(ending, lambda r: "TimeoutError" not in str(r.error) and r.body.endswith("hello"), "the connection ended")


def test_the_server_is_told_where_a_connection_comes_from(connections: Backends) -> None:
    told = re.compile(r"client-[^ ]+ v1 PROXY TCP4 [0-9. ]+\r\nhello")
    target = outside(connections, "header", "tcp", 9000)
    must_get(target, lambda r: told.fullmatch(r.body) is not None, "a header before the bytes")
    assert "PROXY" not in outside(connections, "plain", "tcp", 9000).send(body="hello").body


def test_connections_go_through_a_tunnel(connections: Backends) -> None:
    """The server's port for HTTP leads to its port for TCP, which greets, when asked by CONNECT."""
    through = outside(connections, "tunnel", "hold", 8080)  # a tunnel in HTTP/1.1 cannot be closed by half
    target = Target(through.caller, through.base, timeout=TIMEOUTS.refused_request)
    must_get(target, lambda r: r.body.endswith(" v1 hello"), "a greeting through the tunnel")
