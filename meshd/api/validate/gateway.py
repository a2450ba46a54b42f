"""Gateway: servers, their ports, hosts and TLS."""

from __future__ import annotations

import re
from collections.abc import Iterator

from meshd.api.istio.gateway import Gateway, Port, Server
from meshd.api.istio.tls_settings import ServerTLSSettings
from meshd.api.object import IstioObject
from meshd.api.problem import Problem, listing

from .names import check_port, is_dns_label, is_dns_name, is_ip_address
from .target import check_match_labels
from .tls_mode import warn_server_tls

HTTP_PROTOCOLS = ("HTTP", "HTTP2", "GRPC", "GRPC-WEB", "HTTP_PROXY")
TLS_PROTOCOLS = ("HTTPS", "TLS")
TCP_PROTOCOLS = ("TCP", "MONGO", "REDIS", "MYSQL", "UDP")
_UNIX = "unix://"
_SPKI = re.compile(r"[A-Za-z0-9+/]{43}=")
_HASH = re.compile(r"[0-9a-fA-F]{64}|[0-9a-fA-F]{2}(:[0-9a-fA-F]{2}){31}")
_TERMINATING = ("SIMPLE", "MUTUAL", "OPTIONAL_MUTUAL")


def check_gateway(gateway: IstioObject[Gateway]) -> Iterator[Problem]:
    """Why this Gateway must be refused."""
    name = gateway.metadata.name
    if name and not is_dns_label(name):
        yield Problem("metadata.name", name, "must be letters, digits and dashes, without dots")
    if not gateway.spec.servers:
        yield Problem("spec.servers", None, "must have at least one server")
    port_names: set[str] = set()
    for index, server in enumerate(gateway.spec.servers):
        path = f"spec.servers[{index}]"
        if server.port.name in port_names:
            yield Problem(f"{path}.port.name", server.port.name, "is used by another server; rename one")
        port_names.add(server.port.name)
        yield from _check_server(server, path)
    yield from check_match_labels(gateway.spec.selector, "spec.selector")


def warn_gateway(gateway: IstioObject[Gateway]) -> Iterator[Problem]:
    """What is allowed but surely not meant."""
    if not gateway.spec.selector:
        yield Problem("spec.selector", None, "is empty: every gateway of the mesh serves this")
    for index, server in enumerate(gateway.spec.servers):
        path = f"spec.servers[{index}].tls"
        if server.tls is None:
            continue
        if server.tls.https_redirect and server.port.protocol.upper() not in HTTP_PROTOCOLS:
            yield Problem(f"{path}.httpsRedirect", True, "has an effect on HTTP ports only")
        yield from warn_server_tls(server.tls, path)


def _check_server(server: Server, path: str) -> Iterator[Problem]:
    if not server.hosts:
        yield Problem(f"{path}.hosts", None, 'must have at least one host; "*" stands for all')
    for index, host in enumerate(server.hosts):
        yield from _check_gateway_host(host, f"{path}.hosts[{index}]")
    yield from _check_port(server.port, server.bind, f"{path}.port")
    protocol, tls = server.port.protocol.upper(), server.tls
    if protocol in TLS_PROTOCOLS:
        if tls is None:
            yield Problem(f"{path}.tls", None, f"is required for {protocol}; set mode and credentialName")
        else:
            yield from _check_tls(tls, f"{path}.tls")
    elif tls is not None and tls != ServerTLSSettings(https_redirect=tls.https_redirect):
        yield Problem(f"{path}.tls", None, f"has no meaning for {protocol}; use HTTPS or TLS, or remove it")
    elif tls is not None and protocol not in HTTP_PROTOCOLS:
        yield Problem(f"{path}.tls", None, f"has no meaning for {protocol}; remove it")


def _check_gateway_host(host: str, path: str) -> Iterator[Problem]:
    namespace, slash, name = host.rpartition("/")
    if slash and namespace not in ("*", ".") and not is_dns_label(namespace):
        yield Problem(path, host, 'the part before / must be a namespace, "." or "*"')
    if name == "*" or is_ip_address(name):
        return
    if "." not in name:
        yield Problem(path, host, 'must be a full DNS name such as shop.example.com, or "*"')
    elif not (is_dns_name(name.removeprefix("*.")) and (name.startswith("*.") or "*" not in name)):
        yield Problem(path, host, 'must be a DNS name; a wildcard stands for a whole first part: "*.example.com"')


def _check_port(port: Port, bind: str, path: str) -> Iterator[Problem]:
    known = (*HTTP_PROTOCOLS, *TLS_PROTOCOLS, *TCP_PROTOCOLS)
    if port.protocol.upper() not in known:
        yield Problem(f"{path}.protocol", port.protocol, f"must be {listing(known)}")
    if not port.name:
        yield Problem(f"{path}.name", "", "must not be empty")
    if bind.startswith(_UNIX):
        if not bind.startswith((f"{_UNIX}/", f"{_UNIX}@")) or bind.endswith("/"):
            yield Problem(f"{path.removesuffix('port')}bind", bind, "must be unix:// and the path of a socket")
        if port.number:
            yield Problem(f"{path}.number", port.number, "must be 0 when bind is a socket's path")
        return
    yield from check_port(port.number, f"{path}.number")
    if bind and not is_ip_address(bind):
        yield Problem(f"{path.removesuffix('port')}bind", bind, "must be an IP address")


def _credentials(tls: ServerTLSSettings) -> list[str]:
    sources = {
        "credentialName": tls.credential_name,
        "credentialNames": tls.credential_names,
        "tlsCertificates": tls.tls_certificates,
        "serverCertificate": tls.server_certificate or tls.private_key,
    }
    return [name for name, value in sources.items() if value]


CIPHER_SUITES = frozenset(
    (
        *("ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-RSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES256-GCM-SHA384"),
        *("ECDHE-RSA-AES256-GCM-SHA384", "ECDHE-ECDSA-CHACHA20-POLY1305", "ECDHE-RSA-CHACHA20-POLY1305"),
        *("ECDHE-ECDSA-AES128-SHA", "ECDHE-RSA-AES128-SHA", "ECDHE-ECDSA-AES256-SHA", "ECDHE-RSA-AES256-SHA"),
        *("AES128-GCM-SHA256", "AES256-GCM-SHA384", "AES128-SHA", "AES256-SHA"),
    )
)
"""What Envoy's TLS library has for TLS 1.2 and before; those of 1.3 cannot be chosen."""


def _check_tls(tls: ServerTLSSettings, path: str) -> Iterator[Problem]:
    sources = _credentials(tls)
    if len(sources) > 1:
        yield Problem(path, None, f"only one of {listing(sources)} may be set")
    if tls.mode == "ISTIO_MUTUAL":
        for name in [*sources, *(["caCertificates"] if tls.ca_certificates else [])]:
            yield Problem(f"{path}.{name}", None, "has no meaning with ISTIO_MUTUAL: the mesh's certificates serve")
    if len(tls.credential_names) > 2 or len(tls.tls_certificates) > 2:
        yield Problem(path, None, "at most two certificates are possible")
    versions = (tls.min_protocol_version, tls.max_protocol_version)
    if "TLS_AUTO" not in versions and versions[0] > versions[1]:
        yield Problem(f"{path}.minProtocolVersion", tls.min_protocol_version, "is above maxProtocolVersion")
    for index, suite in enumerate(tls.cipher_suites):
        if suite not in CIPHER_SUITES:
            yield Problem(f"{path}.cipherSuites[{index}]", suite, f"must be {listing(sorted(CIPHER_SUITES))}")
    yield from _check_pins(tls, path)
    if tls.mode in _TERMINATING:
        yield from _check_termination(tls, sources, path)


def _check_pins(tls: ServerTLSSettings, path: str) -> Iterator[Problem]:
    """Envoy refuses the whole port for a hash that is none."""
    for index, pin in enumerate(tls.verify_certificate_spki):
        if not _SPKI.fullmatch(pin):
            reason = "must be the SHA-256 of a public key in base64"
            yield Problem(f"{path}.verifyCertificateSpki[{index}]", pin, reason)
    for index, pin in enumerate(tls.verify_certificate_hash):
        if not _HASH.fullmatch(pin):
            reason = "must be the SHA-256 of a certificate in hexadecimal, with or without colons"
            yield Problem(f"{path}.verifyCertificateHash[{index}]", pin, reason)


def _check_termination(tls: ServerTLSSettings, sources: list[str], path: str) -> Iterator[Problem]:
    if not sources:
        yield Problem(path, None, f"{tls.mode} needs a certificate: set credentialName to the name of a Secret")
    by_file = "serverCertificate" in sources
    if by_file and not tls.server_certificate:
        yield Problem(f"{path}.serverCertificate", None, "is required beside privateKey")
    if by_file and not tls.private_key:
        yield Problem(f"{path}.privateKey", None, "is required beside serverCertificate")
    for index, certificate in enumerate(tls.tls_certificates):
        if not (certificate.server_certificate and certificate.private_key):
            yield Problem(f"{path}.tlsCertificates[{index}]", None, "needs serverCertificate and privateKey")
    from_secret = tls.credential_name or tls.credential_names or tls.ca_cert_credential_name
    if tls.mode != "SIMPLE" and not from_secret and not tls.ca_certificates:
        yield Problem(f"{path}.caCertificates", None, f"is required for {tls.mode} with certificates from files")
    if tls.ca_crl and (tls.credential_name or tls.mode == "SIMPLE"):
        yield Problem(f"{path}.caCrl", tls.ca_crl, "needs MUTUAL with files; a Secret carries its own ca.crl")
