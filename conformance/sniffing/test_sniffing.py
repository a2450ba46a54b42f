"""Where nobody named a port's protocol, HTTP is treated as such and all else passes as it is, on both sides."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from conformance.backends import Backends, GatewayEntrance
from conformance.calls import Response
from conformance.convergence import eventually
from conformance.kubernetes import Kubernetes
from conformance.manifests import Manifests
from conformance.mtls.xfcc import HEADER, last_caller
from conformance.timeouts import TIMEOUTS

pytestmark = pytest.mark.sniffing
HERE = Path(__file__).parent
HTTP, BYTES, NAMED_TCP = 7001, 7002, 7003
ROUTED = "x-routed"
OF_A_PROXY = "x-request-id"
"""A header that a proxy adds to a request that has none, if it takes it for one."""


@pytest.fixture(scope="module")
def sniffed(manifests: Manifests, backends: Backends, kubernetes: Kubernetes) -> Iterator[Backends]:
    with manifests.applied(HERE / "sniffed.yaml"):
        kubernetes.rollout(backends.settings.namespace, ["sniffed"], TIMEOUTS.pods_ready)
        yield backends


def answered(answer: Response) -> bool:
    return answer.status == 200 and answer.version == "sniffed"


def test_http_is_routed_and_the_server_sees_who_calls(sniffed: Backends) -> None:
    def routed(answer: Response) -> bool:
        return answered(answer) and ROUTED in answer.headers and HEADER in answer.seen["headers"]

    target = sniffed.service("sniffed", port=HTTP)
    answer = target.must_become(routed, "HTTP found on both sides")
    assert last_caller(answer.seen["headers"]) == sniffed.spiffe_id("client")
    moved = target.send("/moved")
    assert (moved.status, moved.headers["location"].endswith("/elsewhere")) == (301, True), str(moved)


def test_http_is_the_services_whatever_host_it_asks_for(sniffed: Backends) -> None:
    def routed(answer: Response) -> bool:
        return answered(answer) and ROUTED in answer.headers

    target = sniffed.service("sniffed", port=HTTP)
    target.must_become(routed, "a host that is no service's", headers={"host": "nobody.example"})


@pytest.mark.parametrize("body", ["hello", "\x16\x03\x01 no handshake", "GETTING there is not HTTP\n"])
def test_other_bytes_pass_as_they_are(body: str, sniffed: Backends) -> None:
    target = sniffed.service("sniffed", port=BYTES, scheme="talk")

    def check() -> None:
        answer = target.send(body=body)
        assert answer.body.endswith(f" sniffed {body}"), str(answer)

    eventually(check, within=TIMEOUTS.config_takes_effect, what="the bytes come back")


def test_a_port_that_is_named_tcp_is_not_looked_into(sniffed: Backends) -> None:
    answer = sniffed.service("sniffed", port=NAMED_TCP).must_become(answered, "an answer")
    assert ROUTED not in answer.headers
    assert not {HEADER, OF_A_PROXY} & answer.seen["headers"].keys(), answer.seen["headers"]


def test_clients_outside_the_mesh_are_told_apart_too(sniffed: Backends) -> None:
    def found(answer: Response) -> bool:
        return answered(answer) and OF_A_PROXY in answer.seen["headers"]

    sniffed.service("sniffed", caller=sniffed.outside, port=HTTP).must_become(found, "HTTP found in plaintext")
    answer = sniffed.service("sniffed", caller=sniffed.outside, port=BYTES, scheme="talk").send(body="hello")
    assert answer.body.endswith(" sniffed hello"), str(answer)


def test_the_gateway_sends_http_there(sniffed: Backends, gateway: GatewayEntrance) -> None:
    answer = gateway.host("sniffed").must_become(answered, "an answer through the gateway")
    assert HEADER in answer.seen["headers"], answer.seen["headers"]
