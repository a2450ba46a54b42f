"""TLS that a DestinationRule asks for towards servers outside the mesh's own CA."""

from typing import Any

from envoy.extensions.transport_sockets.tls.v3 import tls_pb2

from meshd.model.destination import ClientTls, TlsMode
from meshd.networking.proto import extension

SYSTEM_ROOTS = "/etc/ssl/certs/ca-certificates.crt"


def client_tls_socket(tls: ClientTls, hostname: str, http2: bool) -> dict[str, Any]:
    """SIMPLE or MUTUAL with files of the proxy's file system.

    Without `caCertificates` the system's roots are used.
    https://istio.io/latest/docs/reference/config/networking/destination-rule/#ClientTLSSettings
    """
    common: dict[str, Any] = {"alpn_protocols": ["h2"] if http2 else ["http/1.1"]}
    if tls.mode is TlsMode.MUTUAL:
        common["tls_certificates"] = [
            {
                "certificate_chain": {"filename": tls.client_certificate},
                "private_key": {"filename": tls.private_key},
            }
        ]
    if not tls.insecure_skip_verify:
        sans = tls.subject_alt_names
        common["validation_context"] = {
            "trusted_ca": {"filename": tls.ca_certificates or SYSTEM_ROOTS},
            "match_typed_subject_alt_names": [
                {"san_type": kind, "matcher": {"exact": san}} for san in sans for kind in ("DNS", "URI")
            ],
        }
    context = tls_pb2.UpstreamTlsContext(sni=tls.sni or hostname, common_tls_context=common)
    return extension("envoy.transport_sockets.tls", context)
