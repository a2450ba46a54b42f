"""What may be shown of a Secret: who its certificates are of and how long they hold, never a key."""

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from envoy.config.core.v3 import base_pb2
from envoy.extensions.transport_sockets.tls.v3 import secret_pb2
from envoy.service.discovery.v3 import discovery_pb2

from meshd.model.resource import Resource


def certificates_of(resource: Resource) -> list[dict[str, str]]:
    """For each certificate of the secret `kind` ("certificate" or "root"), `identity`, `serial`, `not_before`,
    `not_after` (RFC 3339), `sha256`; in place of these `file` where the proxy reads one, `problem` for what is none.
    """
    secret = secret_pb2.Secret()
    discovery_pb2.Resource.FromString(resource.entry).resource.Unpack(secret)
    if secret.HasField("tls_certificate"):
        return _read("certificate", secret.tls_certificate.certificate_chain)
    return _read("root", secret.validation_context.trusted_ca)


def _read(kind: str, source: base_pb2.DataSource) -> list[dict[str, str]]:
    if source.filename:
        return [{"kind": kind, "file": source.filename}]
    try:
        found = x509.load_pem_x509_certificates(source.inline_bytes)
        return [{"kind": kind, **_facts(certificate)} for certificate in found]
    except ValueError as error:
        return [{"kind": kind, "problem": f"no certificate in PEM: {str(error).splitlines()[0]}"}]


def _facts(certificate: x509.Certificate) -> dict[str, str]:
    return {
        "identity": ", ".join(_names(certificate)) or certificate.subject.rfc4514_string(),
        "serial": format(certificate.serial_number, "x"),
        "not_before": certificate.not_valid_before_utc.isoformat(timespec="seconds"),
        "not_after": certificate.not_valid_after_utc.isoformat(timespec="seconds"),
        "sha256": certificate.fingerprint(hashes.SHA256()).hex(),
    }


def _names(certificate: x509.Certificate) -> list[str]:
    try:
        found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return []
    return [str(name.value) for name in found]
