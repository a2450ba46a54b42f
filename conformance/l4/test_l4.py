"""Connections are routed by server name, port, client and weight. The backends greet with their version and echo."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml

from conformance.backends import Backends
from conformance.callers import HostCaller, PodCaller
from conformance.calls import Response, Target
from conformance.certificates import Authority
from conformance.convergence import eventually
from conformance.gateway_tls.https import tls_context
from conformance.kubernetes import Kubernetes
from conformance.manifests import Manifests
from conformance.settings import Settings
from conformance.statistics import acceptance_region
from conformance.timeouts import TIMEOUTS

pytestmark = pytest.mark.l4
HERE = Path(__file__).parent
CONNECTIONS = 400
TCP_PORTS = {"tcp": 19000, "mongo": 19001, "redis": 19002, "mysql": 19003}
MESH_TLS_PORT = 19443
Measured = Callable[[str, object], None]


@pytest.fixture(scope="module")
def inside(manifests: Manifests, backends: Backends) -> Iterator[Backends]:
    with manifests.applied(HERE / "sidecar.yaml"):
        yield backends


def version(response: Response) -> str:
    """Which backend greeted: its words are the pod's name, the version and what it was sent."""
    return [*response.body.split(" "), "", ""][1]


def must_reach(target: Target, body: str, expected: str) -> None:
    def check() -> None:
        found = [version(response) for response in target.send_all([target.request(body=body)] * 8)]
        assert set(found) == {expected}, f"{body} -> {found}"

    eventually(check, within=TIMEOUTS.config_takes_effect, what=f"{body} reaching {expected}")


@pytest.mark.parametrize(("name", "expected"), [("one.l4.test", "v1"), ("other.l4.test", "v2")])
def test_tls_goes_by_its_server_name(inside: Backends, name: str, expected: str) -> None:
    must_reach(inside.service("l4", port=9443, scheme="hello"), name, expected)


def test_tls_with_another_name_goes_to_the_whole_service(inside: Backends) -> None:
    must_reach(inside.service("l4", port=9443, scheme="hello"), "one.l4.test", "v1")
    target = inside.service("l4", port=9443, scheme="hello")
    found = {version(r) for r in target.send_all([target.request(body="unknown.test")] * 64)}
    assert found == {"v1", "v2"}


def test_tcp_goes_by_the_clients_namespace(inside: Backends) -> None:
    must_reach(inside.service("l4", port=9002, scheme="tcp"), "hello", "v1")
    must_reach(inside.service("l4", caller=inside.far, port=9002, scheme="tcp"), "hello", "v2")


def test_tcp_connections_hit_their_weights(inside: Backends, measured: Measured) -> None:
    target = inside.service("l4", port=9001, scheme="tcp")

    def both() -> None:
        found = {version(response) for response in target.send_all([target.request(body="hello")] * 40)}
        assert found == {"v1", "v2"}, str(found)

    eventually(both, within=TIMEOUTS.config_takes_effect, what="connections reaching both subsets")
    answers = [version(response) for response in target.send_all([target.request(body="hello")] * CONNECTIONS)]
    assert set(answers) <= {"v1", "v2"}, str(set(answers))
    region = acceptance_region(CONNECTIONS, 0.8)
    verdict = region.judge(answers.count("v1"), against=0.5)
    measured("80/20 of TCP connections", verdict)
    assert region.accepts(answers.count("v1")), verdict


@pytest.fixture(scope="module")
def edge(settings: Settings, kubernetes: Kubernetes, manifests: Manifests, backends: object) -> Iterator[Authority]:
    """Who signed the certificate of the gateway's server that ends TLS."""
    if settings.gateway_https is None:
        pytest.skip("no --mesh-gateway-https is given")
    authority = Authority("conformance l4")
    pair = authority.issue(f"end.{settings.namespace}.test")
    key, value = settings.gateway_selector.split("=")
    metadata = {"name": f"{settings.namespace}-l4", "namespace": settings.gateway_namespace}
    numbers = {**TCP_PORTS, "mesh": MESH_TLS_PORT}
    ports = [{"name": f"tcp-{name}", "port": number} for name, number in numbers.items()]
    beside = yaml.safe_dump_all(
        [
            {
                "apiVersion": "v1",
                "kind": "Secret",
                "type": "kubernetes.io/tls",
                "metadata": metadata,
                "stringData": {"tls.crt": pair.certificate, "tls.key": pair.key},
            },
            {
                "apiVersion": "v1",
                "kind": "Service",
                "metadata": metadata,
                "spec": {"selector": {key: value}, "ports": ports},
            },
        ]
    )
    kubernetes.apply(beside)
    try:
        with manifests.applied(HERE / "gateway.yaml"):
            yield authority
    finally:
        kubernetes.delete(beside)


@pytest.mark.parametrize(("name", "expected"), [("one", "v1"), ("other", "v2")])
def test_the_gateway_passes_tls_on_by_its_server_name(
    edge: Authority, settings: Settings, name: str, expected: str
) -> None:
    target = Target(HostCaller(), f"hello://{settings.gateway_https}", timeout=TIMEOUTS.refused_request)
    must_reach(target, f"{name}.pass.{settings.namespace}.test", expected)
    unknown = target.send_all([target.request(body=f"pass.{settings.namespace}.test")])[0]
    assert not unknown.body, str(unknown)


def test_the_gateway_ends_tls_and_forwards_what_is_in_it(edge: Authority, settings: Settings) -> None:
    def check() -> None:
        host, _, port = str(settings.gateway_https).rpartition(":")
        context = tls_context(edge.certificate)
        try:
            with (
                socket.create_connection((host, int(port)), TIMEOUTS.request) as plain,
                context.wrap_socket(plain, server_hostname=f"end.{settings.namespace}.test") as encrypted,
            ):
                encrypted.sendall(b"hello")
                found = b""
                while b"hello" not in found:
                    chunk = encrypted.recv(1024)
                    assert chunk, "closed without an answer"
                    found += chunk
        except OSError as error:
            raise AssertionError(f"{type(error).__name__}: {error}") from error
        assert b" v2 hello" in found, str(found)

    eventually(check, within=TIMEOUTS.config_takes_effect, what="bytes within TLS reaching v2")


def of_gateway(settings: Settings, caller: PodCaller, port: int) -> Target:
    base = f"tcp://{settings.namespace}-l4.{settings.gateway_namespace}:{port}"
    return Target(caller, base, timeout=TIMEOUTS.refused_request)


@pytest.mark.parametrize("protocol", TCP_PORTS)
def test_the_gateway_forwards_a_port_of_any_tcp_protocol(
    edge: Authority, settings: Settings, backends: Backends, protocol: str
) -> None:
    must_reach(of_gateway(settings, backends.outside, TCP_PORTS[protocol]), "hello", "v1")


def test_the_gateway_ends_the_meshs_own_tls(edge: Authority, settings: Settings, backends: Backends) -> None:
    must_reach(of_gateway(settings, backends.client, MESH_TLS_PORT), "hello", "v1")
    without = of_gateway(settings, backends.outside, MESH_TLS_PORT).send(body="hello")
    assert not without.body, str(without)
