"""A gateway's servers: at which of its addresses they listen, and the protocols that are HTTP by another name."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import unquote

import pytest

from conformance.backends import Backends
from conformance.callers import PodCaller
from conformance.calls import Target
from conformance.kubernetes import Kubernetes
from conformance.l4 import http2
from conformance.manifests import Manifests
from conformance.pod_address import ip_of
from conformance.settings import Settings
from conformance.timeouts import TIMEOUTS

pytestmark = pytest.mark.l4
HERE = Path(__file__).parent
BOUND = 8090
PORTS = {"http2": 8091, "grpc": 8092, "proxy": 8093, "web": 8094}
OWN_WORDS = {
    "http2": http2.request("http2.servers.test"),
    "grpc": http2.request("grpc.servers.test", method="POST", headers={"content-type": "application/grpc"}),
    "proxy": "GET http://proxy.servers.test/ HTTP/1.1\r\nhost: elsewhere.test\r\nconnection: close\r\n\r\n",
}
"""What a client of the protocol says."""


@dataclass(frozen=True)
class OwnGateway:
    """The gateway's pod: its address, and a caller within it."""

    address: str
    beside: PodCaller
    outside: PodCaller

    def at(self, port: int, host: str) -> Target:
        """The pod's own address, seen from outside."""
        return Target(self.outside, f"http://{self.address}:{port}", host=host, timeout=TIMEOUTS.refused_request)

    def at_loopback(self, port: int, host: str) -> Target:
        """The loopback address, seen from the pod."""
        return replace(self.at(port, host), caller=self.beside, base=f"http://127.0.0.1:{port}")


@pytest.fixture(scope="module")
def own(settings: Settings, kubernetes: Kubernetes, manifests: Manifests, backends: Backends) -> Iterator[OwnGateway]:
    place = settings.namespace
    with manifests.applied(HERE / "own-gateway.yaml"):
        kubernetes.rollout(place, ["servers"], TIMEOUTS.pods_ready)
        (pod,) = kubernetes.running_pods(place, "app=servers")
        beside = PodCaller(kubernetes, place, pod, "beside")
        try:
            yield OwnGateway(ip_of(kubernetes, beside), beside, backends.outside)
        finally:
            beside.close()


def must_serve(target: Target) -> None:
    target.must_become(lambda r: r.status == 200 and r.version == "v1", f"{target.base} from {target.caller.name}")


def must_not_listen(target: Target) -> None:
    target.must_become(lambda r: "refused" in (r.error or ""), f"nobody at {target.base}", together=1)


def test_a_server_listens_at_the_address_it_is_bound_to(manifests: Manifests, own: OwnGateway) -> None:
    within, from_afar = own.at_loopback(BOUND, "bound.servers.test"), own.at(BOUND, "bound.servers.test")
    with manifests.applied(HERE / "bound.yaml", bind="127.0.0.1"):
        must_serve(within)
        must_not_listen(from_afar)
    with manifests.applied(HERE / "bound.yaml", bind=own.address):
        must_serve(from_afar)
        must_not_listen(within)


@pytest.fixture(scope="module")
def by_protocol(manifests: Manifests, own: OwnGateway) -> Iterator[OwnGateway]:
    with manifests.applied(HERE / "http-protocols.yaml"):
        yield own


@pytest.mark.parametrize("protocol", PORTS)
def test_requests_are_routed_whatever_http_is_called(by_protocol: OwnGateway, protocol: str) -> None:
    target = by_protocol.at(PORTS[protocol], f"{protocol}.servers.test")
    must_serve(target)
    for path, version in (("/", "v1"), ("/second", "v2")):
        tally = target.load(10, concurrency=2, path=path)
        assert tally.values == {version: 10}, str(tally)
    assert replace(target, host="other.servers.test").send().status == 404


@pytest.mark.parametrize("protocol", OWN_WORDS)
def test_clients_of_the_protocol_are_served(by_protocol: OwnGateway, protocol: str) -> None:
    """Their connection stays open after the answer, so what came until the timeout counts."""
    target = by_protocol.at(PORTS[protocol], f"{protocol}.servers.test")
    must_serve(target)
    words = replace(target, base=target.base.replace("http://", "hold://"))
    answer = words.send(body=OWN_WORDS[protocol])
    method = "POST" if protocol == "grpc" else "GET"
    for part in ('"version": "v1"', f'"method": "{method}"', f'"host": "{protocol}.servers.test"'):
        assert part in answer.body, f"no {part}: {answer.error} {answer.body}"


def test_grpc_of_browsers_becomes_grpc(by_protocol: OwnGateway) -> None:
    """What the backend answers is no gRPC: a browser gets it as the message of an error."""
    web, http = (by_protocol.at(PORTS[name], f"{name}.servers.test") for name in ("web", "http2"))
    sent = {"content-type": "application/grpc-web"}
    for target in (web, http):
        must_serve(target)
    answer = web.send(method="POST", headers=sent)
    assert answer.headers["content-type"].startswith("application/grpc-web"), str(answer.headers)
    seen = json.loads(unquote(answer.headers["grpc-message"]))
    assert seen["headers"]["content-type"] == "application/grpc", str(seen)
    assert http.send(method="POST", headers=sent).seen["headers"]["content-type"] == "application/grpc-web"
