"""TLS that ends at a gateway.

https://istio.io/latest/docs/reference/config/networking/gateway/#ServerTLSSettings
"""

from typing import Any

from envoy.extensions.transport_sockets.tls.v3 import tls_pb2

from meshd.model.gateway import ServerTls, ServerTlsMode
from meshd.networking.names import ROOT_CERTIFICATE, WORKLOAD_CERTIFICATE
from meshd.networking.proto import ADS, boolean, extension
from meshd.networking.secrets import certificate_names, root_name

_VERSIONS = {"TLSV1_0": "TLSv1_0", "TLSV1_1": "TLSv1_1", "TLSV1_2": "TLSv1_2", "TLSV1_3": "TLSv1_3"}


def server_tls_socket(tls: ServerTls, is_http: bool) -> dict[str, Any]:
    """The transport socket of a server whose mode is not one of passing on."""
    is_mesh = tls.mode is ServerTlsMode.ISTIO_MUTUAL
    names = (WORKLOAD_CERTIFICATE,) if is_mesh else certificate_names(tls)
    common: dict[str, Any] = {
        "alpn_protocols": ["h2", "http/1.1"] if is_http else [],
        "tls_certificate_sds_secret_configs": [_sds(name) for name in names],
        "tls_params": _parameters(tls),
    }
    if tls.mode is not ServerTlsMode.SIMPLE:
        common |= _verification(tls, ROOT_CERTIFICATE if is_mesh else root_name(tls))
    required = tls.mode in (ServerTlsMode.MUTUAL, ServerTlsMode.ISTIO_MUTUAL)
    context = tls_pb2.DownstreamTlsContext(common_tls_context=common, require_client_certificate=boolean(required))
    return extension("envoy.transport_sockets.tls", context)


def _verification(tls: ServerTls, roots: str) -> dict[str, Any]:
    if tls.skip_verify and tls.mode is not ServerTlsMode.ISTIO_MUTUAL:
        return {"validation_context": {"trust_chain_verification": "ACCEPT_UNTRUSTED"}}
    sans = [{"san_type": kind, "matcher": {"exact": san}} for san in tls.subject_alt_names for kind in ("DNS", "URI")]
    context = {
        "match_typed_subject_alt_names": sans,
        "verify_certificate_spki": list(tls.verify_spki),
        "verify_certificate_hash": list(tls.verify_hash),
    }
    return {
        "combined_validation_context": {
            "default_validation_context": context,
            "validation_context_sds_secret_config": _sds(roots),
        }
    }


def _sds(name: str) -> dict[str, Any]:
    return {"name": name, "sds_config": ADS}


def _parameters(tls: ServerTls) -> dict[str, Any]:
    parameters: dict[str, Any] = {"tls_minimum_protocol_version": _VERSIONS.get(tls.min_version, "TLSv1_2")}
    if tls.max_version in _VERSIONS:
        parameters["tls_maximum_protocol_version"] = _VERSIONS[tls.max_version]
    if tls.cipher_suites:
        parameters["cipher_suites"] = list(tls.cipher_suites)
    return parameters
