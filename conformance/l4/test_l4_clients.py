"""Connections are routed by who makes them and by the addresses at both ends. The backends greet with their version."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from conformance.backends import Backends
from conformance.convergence import eventually
from conformance.kubernetes import Kubernetes
from conformance.l4.test_l4 import must_reach, version
from conformance.manifests import Manifests
from conformance.timeouts import TIMEOUTS

pytestmark = pytest.mark.l4
HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def inside(manifests: Manifests, backends: Backends) -> Iterator[Backends]:
    with manifests.applied(HERE / "sidecar.yaml"):
        yield backends


def test_tls_goes_by_the_clients_namespace(inside: Backends) -> None:
    far = inside.service("l4", caller=inside.far, port=9443, scheme="hello")
    must_reach(far, "namespace.l4.test", "v1")
    must_reach(inside.service("l4", port=9443, scheme="hello"), "namespace.l4.test", "v2")


def test_tls_and_tcp_go_by_the_clients_labels(inside: Backends) -> None:
    must_reach(inside.service("l4", port=9443, scheme="hello"), "label.l4.test", "v1")
    must_reach(inside.service("l4", caller=inside.echo_v2, port=9443, scheme="hello"), "label.l4.test", "v2")
    must_reach(inside.service("l4", port=9003, scheme="tcp"), "hello", "v2")
    must_reach(inside.service("l4", caller=inside.echo_v2, port=9003, scheme="tcp"), "hello", "v1")


@pytest.mark.parametrize("name", ["gateway.l4.test", "subnet.l4.test"])
def test_a_match_for_elsewhere_is_none(inside: Backends, name: str) -> None:
    must_reach(inside.service("l4", port=9443, scheme="hello"), "label.l4.test", "v1")
    must_reach(inside.service("l4", port=9443, scheme="hello"), name, "v2")


def test_tls_connections_have_weights(inside: Backends) -> None:
    target = inside.service("l4", port=9443, scheme="hello")

    def both() -> None:
        found = {version(r) for r in target.send_all([target.request(body="weight.l4.test")] * 40)}
        assert found == {"v1", "v2"}, str(found)

    eventually(both, within=TIMEOUTS.config_takes_effect, what="connections reaching both subsets")


def test_tcp_goes_by_the_addresses_at_both_ends(
    manifests: Manifests, backends: Backends, kubernetes: Kubernetes
) -> None:
    namespace, _, pod = backends.client.name.partition("/")
    service = kubernetes.get("service", "echo-v1", "-n", namespace)["spec"]["clusterIP"]
    client = kubernetes.get("pod", pod, "-n", namespace)["status"]["podIP"]
    with manifests.applied(HERE / "addresses.yaml", service_ip=service, client_ip=client):
        must_reach(backends.service("echo-v1", port=9000, scheme="tcp"), "hello", "v2")
        must_reach(backends.service("echo-v2", port=9000, scheme="tcp"), "hello", "v1")
        other = backends.service("echo-v2", caller=backends.far, port=9000, scheme="tcp")
        must_reach(other, "hello", "v2")
