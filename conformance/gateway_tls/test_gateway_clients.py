"""Whom a gateway lets in by certificate, which certificates it shows itself, and what TLS it speaks."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from conformance.backends import GatewayEntrance
from conformance.certificates import Authority, KeyPair
from conformance.gateway_tls.https import HttpsAnswer, get, must_answer, tls_context
from conformance.gateway_tls.secrets import secret
from conformance.kubernetes import Kubernetes
from conformance.manifests import Manifests, Object
from conformance.settings import Settings
from conformance.timeouts import TIMEOUTS

pytestmark = pytest.mark.gateway_tls
HERE = Path(__file__).parent


@dataclass(frozen=True)
class Edge:
    """The gateway's HTTPS port, with the certificates of servers and clients."""

    address: str
    namespace: str
    servers: Authority
    server: KeyPair
    rsa_server: KeyPair
    friend: KeyPair
    other: KeyPair
    revoked: KeyPair
    stranger: KeyPair

    def context(self, client: KeyPair | None = None) -> ssl.SSLContext:
        """Trusts this run's servers alone."""
        return tls_context(self.servers.certificate, client)

    def get(self, host: str, client: KeyPair | None = None, context: ssl.SSLContext | None = None) -> HttpsAnswer:
        """GET / of tls-`host`."""
        name = f"tls-{host}.{self.namespace}.test"
        return get(self.address, name, context or self.context(client), TIMEOUTS.request)

    def must_refuse(self, host: str, *clients: KeyPair | None) -> None:
        """No answer for any of them."""
        for client in clients:
            with pytest.raises(OSError):  # noqa: PT011 - an alert, a reset or a close, as the TLS version has it
                self.get(host, client)


def build_edge(settings: Settings, address: str, clients: Authority) -> Edge:
    servers = Authority("conformance servers")
    name = f"*.{settings.namespace}.test"
    return Edge(
        address, settings.namespace, servers, servers.issue(name), servers.issue(name, use_rsa=True),
        friend=clients.issue("friend.example", client=True),
        other=clients.issue("other.example", client=True),
        revoked=clients.issue("friend.example", client=True),
        stranger=Authority("somebody else").issue("friend.example", client=True),
    )  # fmt: skip


def secrets_of(settings: Settings, edge: Edge, clients: Authority) -> Iterator[Object]:
    def made(name: str, pair: KeyPair | None = None, **more: str) -> Object:
        return secret(settings.gateway_namespace, f"{settings.namespace}-{name}", pair, **more)

    yield made("server", edge.server)
    yield made("rsa", edge.rsa_server)
    yield made("both", edge.server)
    yield made("both-cacert", ca_crt=clients.certificate)
    yield made("roots", ca_crt=clients.certificate)
    yield made("revoking", edge.server, ca_crt=clients.certificate, ca_crl=clients.revoke(edge.revoked))


@pytest.fixture(scope="module")
def edge(settings: Settings, kubernetes: Kubernetes, manifests: Manifests, backends: object) -> Iterator[Edge]:
    if settings.gateway_https is None:
        pytest.skip("no --mesh-gateway-https is given")
    clients = Authority("conformance clients")
    built = build_edge(settings, settings.gateway_https, clients)
    secrets = yaml.safe_dump_all(secrets_of(settings, built, clients))
    kubernetes.apply(secrets)
    try:
        pins = {"spki": built.friend.spki_pin, "hash": built.friend.hash_pin}
        with manifests.applied(HERE / "clients.yaml", **pins):
            yield built
    finally:
        kubernetes.delete(secrets)


def test_a_certificate_may_be_left_out_but_not_be_wrong(edge: Edge) -> None:
    must_answer(lambda: edge.get("optional"), "HTTPS without a certificate")
    must_answer(lambda: edge.get("optional", edge.friend), "HTTPS with one")
    edge.must_refuse("optional", edge.stranger)


@pytest.mark.parametrize("host", ["separate", "named"])
def test_the_roots_for_clients_may_stand_in_a_secret_of_their_own(edge: Edge, host: str) -> None:
    must_answer(lambda: edge.get(host, edge.friend), f"HTTPS for host {host}")
    edge.must_refuse(host, None, edge.stranger)


def test_a_revoked_client_is_refused(edge: Edge) -> None:
    must_answer(lambda: edge.get("revoked", edge.friend), "HTTPS for a client not revoked")
    edge.must_refuse("revoked", edge.revoked)
    must_answer(lambda: edge.get("separate", edge.revoked), "the same client where no list is")


@pytest.mark.parametrize("host", ["names", "spki", "hash"])
def test_only_the_client_that_was_named_or_pinned_is_let_in(edge: Edge, host: str) -> None:
    must_answer(lambda: edge.get(host, edge.friend), f"HTTPS for host {host}")
    edge.must_refuse(host, edge.other, edge.stranger, None)


def test_clients_that_are_not_verified_may_show_any_certificate(edge: Edge) -> None:
    must_answer(lambda: edge.get("any", edge.stranger), "HTTPS with anybody's certificate")
    edge.must_refuse("separate", edge.stranger)


@pytest.mark.parametrize("kind", ["ECDSA", "RSA"])
def test_a_host_shows_the_certificate_that_the_client_understands(edge: Edge, kind: str) -> None:
    context = edge.context()
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(f"ECDHE-{kind}-AES128-GCM-SHA256")
    answer = must_answer(lambda: edge.get("several", context=context), f"HTTPS for a client of {kind}")
    assert answer.certificate == (edge.server if kind == "ECDSA" else edge.rsa_server).der


def test_a_server_may_want_the_newest_tls(edge: Edge) -> None:
    assert must_answer(lambda: edge.get("new"), "HTTPS for host new").protocol == "TLSv1.3"
    old = edge.context()
    old.maximum_version = ssl.TLSVersion.TLSv1_2
    with pytest.raises(OSError):  # noqa: PT011
        edge.get("new", context=old)


def test_a_server_may_keep_to_an_older_tls_and_one_cipher(edge: Edge) -> None:
    answer = must_answer(lambda: edge.get("old"), "HTTPS for host old")
    assert (answer.protocol, answer.cipher) == ("TLSv1.2", "ECDHE-ECDSA-AES256-GCM-SHA384")
    another = edge.context()
    another.set_ciphers("ECDHE-ECDSA-AES128-GCM-SHA256")
    with pytest.raises(OSError):  # noqa: PT011
        edge.get("old", context=another)


def test_plain_http_is_sent_to_https(gateway: GatewayEntrance, manifests: Manifests) -> None:
    with manifests.applied(HERE / "redirect.yaml"):
        safe = gateway.host("safe")
        answer = safe.must_become(lambda r: r.status == 301, "the redirect", path="/a?b=c")
        assert answer.headers["location"] == f"https://{safe.host}/a?b=c"
