"""HTTPS at the gateway with certificates made for this run: SIMPLE, MUTUAL, several hosts by SNI."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from conformance.backends import GatewayEntrance
from conformance.certificates import Authority, KeyPair
from conformance.gateway_address import gateway_address
from conformance.gateway_tls.https import HttpsAnswer, get, must_answer, tls_context
from conformance.gateway_tls.secrets import secret
from conformance.kubernetes import Kubernetes
from conformance.manifests import Manifests
from conformance.settings import Settings
from conformance.timeouts import TIMEOUTS

pytestmark = pytest.mark.gateway_tls
HERE = Path(__file__).parent


@dataclass(frozen=True)
class HttpsGateway:
    """The gateway's HTTPS port and who signed what there."""

    address: str
    namespace: str
    servers: Authority
    clients: Authority

    def get(self, host: str, client: KeyPair | None = None) -> HttpsAnswer:
        """GET / of tls-`host`, trusting this run's authority alone."""
        name = f"tls-{host}.{self.namespace}.test"
        return get(self.address, name, tls_context(self.servers.certificate, client), TIMEOUTS.request)


@pytest.fixture(scope="module")
def https(settings: Settings, kubernetes: Kubernetes, manifests: Manifests, backends: object) -> Iterator[HttpsGateway]:
    if settings.gateway_https is None:
        pytest.skip("no --mesh-gateway-https is given")
    gateway = HttpsGateway(
        settings.gateway_https, settings.namespace, Authority("conformance servers"), Authority("conformance clients")
    )
    secrets = yaml.safe_dump_all(
        secret(
            settings.gateway_namespace,
            f"{settings.namespace}-{host}",
            gateway.servers.issue(f"tls-{host}.{settings.namespace}.test"),
            **({"ca_crt": gateway.clients.certificate} if host == "mutual" else {}),
        )
        for host in ("one", "two", "mutual")
    )
    kubernetes.apply(secrets)
    try:
        with manifests.applied(HERE / "gateway-tls.yaml"):
            yield gateway
    finally:
        kubernetes.delete(secrets)


@pytest.mark.parametrize(("host", "version"), [("one", "v1"), ("two", "v2")])
def test_each_host_has_its_certificate_and_route(https: HttpsGateway, host: str, version: str) -> None:
    answer = must_answer(lambda: https.get(host), f"HTTPS for host {host}")
    assert answer.version == version
    assert answer.names == {f"tls-{host}.{https.namespace}.test"}


def test_mutual_serves_a_client_with_a_certificate(https: HttpsGateway) -> None:
    client = https.clients.issue("somebody.example", client=True)
    answer = must_answer(lambda: https.get("mutual", client), "mutual TLS for a known client")
    assert answer.version == "v1"


def test_mutual_refuses_a_client_without_or_with_a_wrong_certificate(https: HttpsGateway) -> None:
    client = https.clients.issue("somebody.example", client=True)
    must_answer(lambda: https.get("mutual", client), "mutual TLS for a known client")
    stranger = Authority("somebody else").issue("somebody.example", client=True)
    for shown in (None, stranger):
        with pytest.raises(OSError):  # noqa: PT011 - an alert, a reset or a close, as the TLS version has it
            https.get("mutual", shown)


def test_a_client_that_trusts_another_authority_refuses_the_server(https: HttpsGateway) -> None:
    must_answer(lambda: https.get("one"), "HTTPS for host one")
    context = tls_context(Authority("not this one").certificate)
    with pytest.raises(ssl.SSLCertVerificationError):
        get(https.address, f"tls-one.{https.namespace}.test", context, TIMEOUTS.request)


def test_a_host_without_certificate_is_not_served(https: HttpsGateway) -> None:
    must_answer(lambda: https.get("one"), "HTTPS for host one")
    with pytest.raises(OSError):  # noqa: PT011
        https.get("unknown")


def test_the_gateway_shows_a_certificate_to_servers_that_want_one(
    https: HttpsGateway, gateway: GatewayEntrance, kubernetes: Kubernetes, settings: Settings, manifests: Manifests
) -> None:
    target = gateway.host("upstream")

    def credential(clients: Authority, servers: Authority) -> str:
        pair = clients.issue("gateway.example", client=True)
        return yaml.safe_dump(
            secret(settings.gateway_namespace, f"{settings.namespace}-client", pair, ca_crt=servers.certificate)
        )

    stranger = Authority("somebody else")
    wrong = (credential(stranger, https.servers), credential(https.clients, stranger))
    try:
        kubernetes.apply(wrong[0])
        with manifests.applied(HERE / "upstream.yaml", gateway_ip=gateway_address(kubernetes, settings)):
            # Connections outlive the certificate they began with: the right one comes last.
            target.must_become(lambda r: r.status == 503, "503 with a certificate of somebody else")
            kubernetes.apply(credential(https.clients, https.servers))
            target.must_become(lambda r: r.status == 200 and r.version == "v1", "the server answering the gateway")
        kubernetes.apply(wrong[1])
        with manifests.applied(HERE / "upstream.yaml", gateway_ip=gateway_address(kubernetes, settings)):
            target.must_become(lambda r: r.status == 503, "503 where the server's root is another")
    finally:
        kubernetes.delete(wrong[0])
