"""TLS that a DestinationRule asks for towards servers outside the mesh's own CA, and the PROXY header before it."""

from typing import Any

from envoy.config.core.v3 import proxy_protocol_pb2
from envoy.extensions.transport_sockets.proxy_protocol.v3 import upstream_proxy_protocol_pb2
from envoy.extensions.transport_sockets.raw_buffer.v3 import raw_buffer_pb2
from envoy.extensions.transport_sockets.tls.v3 import tls_pb2

from meshd.model.destination import ClientTls, TlsMode
from meshd.networking.names import gateway_credential, gateway_credential_ca
from meshd.networking.proto import ADS, duration, extension

SYSTEM_ROOTS = "/etc/ssl/certs/ca-certificates.crt"
PLAINTEXT = extension("envoy.transport_sockets.raw_buffer", raw_buffer_pb2.RawBuffer())
_SAN_TYPES = ("DNS", "URI", "IP_ADDRESS", "EMAIL")


def client_tls_socket(tls: ClientTls, alpn: tuple[str, ...]) -> dict[str, Any]:
    """SIMPLE or MUTUAL with what a Secret holds, or files of the proxy's file system.

    Without either the client shows no certificate, which a server that wants one refuses: never plaintext instead.
    Without `caCertificates` the system's roots are used. Without `sni` the name is the request's, see follow_request.
    https://istio.io/latest/docs/reference/config/networking/destination-rule/#ClientTLSSettings
    """
    common: dict[str, Any] = {"alpn_protocols": alpn}
    if tls.mode is TlsMode.MUTUAL and (tls.credential_name or tls.client_certificate):
        common |= _certificate(tls)
    if not tls.insecure_skip_verify:
        common |= _verification(tls)
    context = tls_pb2.UpstreamTlsContext(sni=tls.sni, common_tls_context=common)
    return extension("envoy.transport_sockets.tls", context)


def _certificate(tls: ClientTls) -> dict[str, Any]:
    if tls.credential_name:
        return {"tls_certificate_sds_secret_configs": [_secret(gateway_credential(tls.credential_name))]}
    files = {"certificate_chain": {"filename": tls.client_certificate}, "private_key": {"filename": tls.private_key}}
    return {"tls_certificates": [files]}


def _verification(tls: ClientTls) -> dict[str, Any]:
    sans = [{"san_type": kind, "matcher": {"exact": san}} for san in tls.subject_alt_names for kind in _SAN_TYPES]
    context: dict[str, Any] = {"match_typed_subject_alt_names": sans}
    if tls.credential_name:
        roots = _secret(gateway_credential_ca(tls.credential_name))
        both = {"default_validation_context": context, "validation_context_sds_secret_config": roots}
        return {"combined_validation_context": both}
    context["trusted_ca"] = {"filename": tls.ca_certificates or SYSTEM_ROOTS}
    return {"validation_context": context | ({"crl": {"filename": tls.ca_crl}} if tls.ca_crl else {})}


def _secret(name: str) -> dict[str, Any]:
    """One that does not come holds up neither the cluster nor a proxy's start."""
    return {"name": name, "sds_config": {**ADS, "initial_fetch_timeout": duration(2)}}


def follow_request(tls: ClientTls | None, known_names: tuple[str, ...] = ()) -> dict[str, bool]:
    """UpstreamHttpProtocolOptions: without a name in the rule, the server's is the authority of the request.

    The certificate must then be for that name, unless the rule says which ones or that none is checked, as in Istio.
    `known_names` are what the ServiceEntry says that it may be for.
    """
    if tls is None or tls.mode not in (TlsMode.SIMPLE, TlsMode.MUTUAL) or tls.sni:
        return {}
    told = bool(tls.subject_alt_names or known_names)
    return {"auto_sni": True, "auto_san_validation": not told and not tls.insecure_skip_verify}


def behind_proxy_header(security: dict[str, Any], version: str) -> dict[str, Any]:
    """The transport sockets of a cluster, each with a PROXY header of `version` ("V1" or "V2") before its bytes."""
    matches = security.get("transport_socket_matches")
    if matches is not None:
        wrapped = [{**match, "transport_socket": _header(match["transport_socket"], version)} for match in matches]
        return {**security, "transport_socket_matches": wrapped}
    return {**security, "transport_socket": _header(security.get("transport_socket", PLAINTEXT), version)}


def _header(socket: dict[str, Any], version: str) -> dict[str, Any]:
    config = proxy_protocol_pb2.ProxyProtocolConfig(version=version)
    upstream = upstream_proxy_protocol_pb2.ProxyProtocolUpstreamTransport(config=config, transport_socket=socket)
    return extension("envoy.transport_sockets.upstream_proxy_protocol", upstream)
