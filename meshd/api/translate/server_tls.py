"""TLS that ends at a gateway or a sidecar."""

from meshd.api.istio.tls_settings import ServerTLSSettings
from meshd.model.gateway import KeyPairFiles, ServerTls, ServerTlsMode


def translate_server_tls(tls: ServerTLSSettings) -> ServerTls:
    versions = [v if v != "TLS_AUTO" else "" for v in (tls.min_protocol_version, tls.max_protocol_version)]
    return ServerTls(
        mode=ServerTlsMode(tls.mode),
        credentials=tls.credential_names or ((tls.credential_name,) if tls.credential_name else ()),
        key_pair_files=_files(tls),
        ca_credential=tls.ca_cert_credential_name,
        ca_file=tls.ca_certificates,
        crl_file=tls.ca_crl,
        verify_spki=tls.verify_certificate_spki,
        verify_hash=tls.verify_certificate_hash,
        skip_verify=bool(tls.insecure_skip_verify),
        https_redirect=tls.https_redirect,
        subject_alt_names=tls.subject_alt_names,
        min_version=versions[0],
        max_version=versions[1],
        cipher_suites=tls.cipher_suites,
    )


def _files(tls: ServerTLSSettings) -> tuple[KeyPairFiles, ...]:
    if tls.server_certificate:
        return (KeyPairFiles(tls.server_certificate, tls.private_key),)
    return tuple(KeyPairFiles(each.server_certificate, each.private_key) for each in tls.tls_certificates)
