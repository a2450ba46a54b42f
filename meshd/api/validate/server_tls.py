"""TLS that ends at a gateway or a sidecar: its certificates, versions and ciphers."""

from __future__ import annotations

import re
from collections.abc import Iterator

from meshd.api.istio.tls_settings import ServerTLSSettings
from meshd.api.problem import Problem, listing

_SPKI = re.compile(r"[A-Za-z0-9+/]{43}=")
_HASH = re.compile(r"[0-9a-fA-F]{64}|[0-9a-fA-F]{2}(:[0-9a-fA-F]{2}){31}")
_TERMINATING = ("SIMPLE", "MUTUAL", "OPTIONAL_MUTUAL")


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


def check_server_tls(tls: ServerTLSSettings, path: str) -> Iterator[Problem]:
    """Errors of the settings by themselves."""
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
