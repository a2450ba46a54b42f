"""Validation of Gateways: each rule once, with the words its author reads."""

from __future__ import annotations

import pytest

from meshd.api.validate import validate

from .samples import errors, object_of

SERVER = "port: {number: 443, name: https, protocol: HTTPS}, hosts: [a.b]"


def refusals(servers: str, name: str = "shop") -> list[str]:
    """Errors of a Gateway with these servers; SERVER in the text is one for HTTPS that lacks its TLS."""
    return errors("Gateway", "{selector: {a: b}, servers: " + servers.replace("SERVER", SERVER) + "}", name)


GATEWAY = [
    ("[]", "spec.servers: must have at least one server"),
    ("[{port: {number: 0, name: a, protocol: HTTP}, hosts: [a.b]}]", "port.number: must be a port"),
    ("[{port: {number: 80, name: a, protocol: SPDY}, hosts: [a.b]}]", "port.protocol: must be HTTP, HTTP2"),
    ("[{port: {number: 80, name: a, protocol: HTTP}, hosts: []}]", "servers[0].hosts: must have at least one host"),
    ("[{port: {number: 80, name: a, protocol: HTTP}, hosts: [a]}]", "hosts[0]: must be a full DNS name"),
    ("[{port: {number: 80, name: a, protocol: HTTP}, hosts: ['a*.b']}]", "a wildcard stands for a whole first part"),
    ("[{port: {number: 80, name: a, protocol: HTTP}, hosts: ['x y/a.b']}]", "hosts[0]: the part before /"),
    (
        "[{port: {number: 80, name: a, protocol: HTTP}, hosts: [a.b]},"
        " {port: {number: 81, name: a, protocol: HTTP}, hosts: [a.b]}]",
        "servers[1].port.name: is used by another server",
    ),
    ("[{SERVER}]", "servers[0].tls: is required for HTTPS"),
    ("[{SERVER, tls: {mode: SIMPLE}}]", "servers[0].tls: SIMPLE needs a certificate: set credentialName"),
    (
        "[{SERVER, tls: {mode: SIMPLE, credentialName: a, credentialNames: [b]}}]",
        "only one of credentialName or",
    ),
    ("[{SERVER, tls: {mode: SIMPLE, serverCertificate: /c}}]", "tls.privateKey: is required beside"),
    (
        "[{SERVER, tls: {mode: MUTUAL, serverCertificate: /c, privateKey: /k}}]",
        "tls.caCertificates: is required for MUTUAL",
    ),
    (
        "[{SERVER, tls: {mode: ISTIO_MUTUAL, credentialName: a}}]",
        "tls.credentialName: has no meaning with ISTIO_MUTUAL",
    ),
    (
        "[{SERVER, tls: {mode: MUTUAL, credentialName: a, verifyCertificateSpki: [abc]}}]",
        "tls.verifyCertificateSpki[0]: must be the SHA-256",
    ),
    (
        "[{SERVER, tls: {mode: MUTUAL, credentialName: a, verifyCertificateHash: [abc]}}]",
        "tls.verifyCertificateHash[0]: must be the SHA-256",
    ),
    (
        "[{SERVER, tls: {mode: SIMPLE, credentialName: a, minProtocolVersion: TLSV1_3, maxProtocolVersion: TLSV1_2}}]",
        "tls.minProtocolVersion: is above maxProtocolVersion",
    ),
    (
        "[{port: {number: 80, name: a, protocol: HTTP}, hosts: [a.b], tls: {mode: SIMPLE}}]",
        "tls: has no meaning for HTTP",
    ),
    ("[{port: {number: 80, name: a, protocol: TCP}, hosts: [a.b], tls: {httpsRedirect: true}}]", "no meaning for TCP"),
    (
        "[{port: {number: 80, name: a, protocol: HTTP}, bind: x, hosts: [a.b]}]",
        "servers[0].bind: must be an IP address",
    ),
]


@pytest.mark.parametrize(("servers", "error"), GATEWAY)
def test_refuses_gateway(servers: str, error: str) -> None:
    found = refusals(servers)
    assert any(error in text for text in found), found


def test_accepts_gateway_with_a_minimum_version_only() -> None:
    tls = "{mode: SIMPLE, credentialName: a, minProtocolVersion: TLSV1_3}"
    assert refusals("[{SERVER, tls: " + tls + "}]") == []


def test_name_of_a_gateway_has_no_dots() -> None:
    found = refusals("[{SERVER, tls: {}}]", name="a.b")
    assert found == ['metadata.name: must be letters, digits and dashes, without dots (got "a.b")']


PLAIN = "{name: %s, port: {number: %d, name: %s, protocol: HTTP}, hosts: [a.test]}"
TLS = "{name: it, port: {number: 443, name: tls, protocol: %s}, hosts: [a.test], tls: {mode: %s, credentialName: c}}"


@pytest.mark.parametrize(
    ("servers", "warned"),
    [
        ([PLAIN % ("one", 80, "a"), PLAIN % ("two", 81, "b")], []),
        ([PLAIN % ('""', 80, "a"), PLAIN % ("two", 80, "b")], ["spec.servers[1].name"]),
        ([TLS % ("HTTPS", "SIMPLE")], []),
        ([TLS % ("TLS", "SIMPLE")], ["spec.servers[0].name"]),
        ([TLS.replace(", credentialName: c", "") % ("HTTPS", "PASSTHROUGH")], ["spec.servers[0].name"]),
        (["{name: db, port: {number: 3306, name: db, protocol: MYSQL}, hosts: ['*']}"], ["spec.servers[0].name"]),
    ],
)
def test_a_name_is_for_servers_of_http(servers: list[str], warned: list[str]) -> None:
    verdict = validate(object_of("Gateway", f"{{selector: {{a: b}}, servers: [{', '.join(servers)}]}}"))
    assert not verdict.errors
    assert [problem.path for problem in verdict.warnings] == warned
