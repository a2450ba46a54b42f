"""Validation of Sidecars: each rule once, with the words its author reads."""

from __future__ import annotations

import pytest

from .samples import errors

PORT = "port: {number: 80, protocol: HTTP, name: a}"

SIDECAR = [
    ("{egress: [{hosts: []}]}", "spec.egress[0].hosts: must name at least one host"),
    ("{egress: [{hosts: [reviews]}]}", 'hosts[0]: must be namespace/host, such as "*/reviews"'),
    ("{egress: [{hosts: ['a b/*']}]}", "hosts[0]: its namespace must be a name"),
    ("{egress: [{hosts: ['./a..b']}]}", "hosts[0]: its host must be a full DNS name"),
    (
        "{egress: [{hosts: ['./*']}, {PORT, hosts: ['./*']}]}",
        "egress[0]: a listener without a port must be",
    ),
    ("{egress: [{hosts: ['./*']}, {hosts: ['./*']}]}", "only one egress listener may be without a port"),
    ("{egress: [{port: {number: 0, protocol: HTTP}, hosts: ['./*']}]}", "port.number: must be a port from 1"),
    ("{egress: [{port: {number: 80, protocol: SPDY}, hosts: ['./*']}]}", "port.protocol: must be HTTP, HTTP2"),
    ("{egress: [{bind: 127.0.0.1, hosts: ['./*']}]}", "spec.egress[0].bind: needs a port to listen at"),
    ("{egress: [{PORT, bind: localhost, hosts: ['./*']}]}", "egress[0].bind: must be an IP address"),
    ("{egress: [{captureMode: NONE, hosts: ['./*']}]}", "captureMode: needs a port to listen at"),
    ("{ingress: [{PORT, defaultEndpoint: '10.0.0.1:80'}]}", "defaultEndpoint: must be 127.0.0.1:PORT or 0.0.0.0:PORT"),
    ("{ingress: [{PORT, defaultEndpoint: '127.0.0.1'}]}", "defaultEndpoint: must be 127.0.0.1:PORT"),
    ("{ingress: [{PORT}, {PORT}]}", "spec.ingress[1].port.number: is another ingress listener's port already"),
    ("{ingress: [{PORT, tls: {mode: ISTIO_MUTUAL}}]}", "tls.mode: must be SIMPLE or MUTUAL at a sidecar"),
    (
        "{ingress: [{PORT, tls: {mode: SIMPLE, credentialName: a}}]}",
        "credentialName: must be left out: a sidecar reads",
    ),
    ("{ingress: [{PORT, bind: localhost, defaultEndpoint: '127.0.0.1:80'}]}", "ingress[0].bind: must be an IP address"),
    (
        "{ingress: [{PORT, captureMode: NONE, defaultEndpoint: '127.0.0.1:80'}]}",
        "ingress[0].defaultEndpoint: is where the proxy is to listen itself",
    ),
    (
        "{ingress: [{port: {number: 15006, protocol: TCP}, captureMode: NONE, defaultEndpoint: '127.0.0.1:1'}]}",
        "ingress[0].port.number: is a port of the proxy's own",
    ),
    ("{ingress: [{PORT, captureMode: NONE}]}", "ingress[0].defaultEndpoint: is required with captureMode NONE"),
    (
        "{ingress: [{PORT, tls: {mode: SIMPLE, serverCertificate: /a, privateKey: /b, httpsRedirect: true}}]}",
        "tls.httpsRedirect: must be left out",
    ),
    ("{ingress: [{PORT, tls: {mode: SIMPLE}}]}", "tls: SIMPLE needs serverCertificate and privateKey"),
    ("{ingress: [{PORT, tls: {mode: MUTUAL, serverCertificate: /a, privateKey: /b}}]}", "caCertificates: is required"),
    (
        "{outboundTrafficPolicy: {mode: REGISTRY_ONLY, egressProxy: {host: a.b}}}",
        "egressProxy: has an effect with mode ALLOW_ANY only",
    ),
]


@pytest.mark.parametrize(("spec", "words"), SIDECAR)
def test_a_wrong_sidecar_is_refused(spec: str, words: str) -> None:
    found = errors("Sidecar", spec.replace("PORT,", f"{PORT},").replace("{PORT}", f"{{{PORT}}}"))
    assert any(words in error for error in found), found


def test_a_right_sidecar_is_taken() -> None:
    spec = "{workloadSelector: {labels: {app: a}}, egress: [{PORT, hosts: ['./*', 'b/c.b.svc.cluster.local', '~/*']}]}"
    assert errors("Sidecar", spec.replace("PORT", PORT)) == []
