"""Settings of TLS without use in their mode are told, one by one; those in use are not."""

from __future__ import annotations

import pytest

from .samples import warnings

SERVER = "port: {number: 443, name: https, protocol: HTTPS}, hosts: [a.b]"
CLIENTS = "caCertCredentialName: a, subjectAltNames: [a], insecureSkipVerify: true"
VERSIONS = "minProtocolVersion: TLSV1_3, cipherSuites: [AES128-SHA]"


def unused(kind: str, spec: str) -> list[str]:
    """The fields that are warned of."""
    found = [text for text in warnings(kind, spec) if "has no effect with" in text]
    return [text.split(":")[0].rpartition(".")[2] for text in found]


@pytest.mark.parametrize(
    ("tls", "expected"),
    [
        (f"mode: PASSTHROUGH, {VERSIONS}", ["minProtocolVersion", "cipherSuites"]),
        ("mode: PASSTHROUGH, credentialName: a", ["credentialName"]),
        (f"mode: SIMPLE, credentialName: a, {VERSIONS}", []),
        (
            f"mode: SIMPLE, credentialName: a, {CLIENTS}",
            ["caCertCredentialName", "subjectAltNames", "insecureSkipVerify"],
        ),
        (f"mode: MUTUAL, credentialName: a, {CLIENTS}", []),
        (f"mode: ISTIO_MUTUAL, {CLIENTS}", ["caCertCredentialName", "insecureSkipVerify"]),
    ],
)
def test_of_servers(tls: str, expected: list[str]) -> None:
    found = unused("Gateway", f"{{selector: {{a: b}}, servers: [{{{SERVER}, tls: {{{tls}}}}}]}}")
    assert sorted(found) == sorted(expected)


def test_the_certificate_of_a_secret_goes_before_a_file() -> None:
    tls = "{mode: MUTUAL, credentialName: a, caCertificates: /ca.pem}"
    [found] = warnings("Gateway", f"{{selector: {{a: b}}, servers: [{{{SERVER}, tls: {tls}}}]}}")
    assert "caCertificates: has no effect" in found


@pytest.mark.parametrize(
    ("tls", "expected"),
    [
        ("mode: DISABLE, sni: a.b", ["sni"]),
        ("mode: SIMPLE, sni: a.b, caCertificates: /a.pem", []),
        ("mode: SIMPLE, clientCertificate: /a.pem, privateKey: /a.key", ["clientCertificate", "privateKey"]),
        ("mode: MUTUAL, clientCertificate: /a.pem, privateKey: /a.key", []),
        ("mode: ISTIO_MUTUAL, subjectAltNames: [a], credentialName: a", ["credentialName"]),
    ],
)
def test_of_clients(tls: str, expected: list[str]) -> None:
    assert unused("DestinationRule", f"{{host: a, trafficPolicy: {{tls: {{{tls}}}}}}}") == expected
