"""How connections to a service are secured: mutual TLS where its endpoints take it, or what a DestinationRule says."""

from dataclasses import replace
from typing import Any

from meshd.model.destination import ClientTls, ConnectionPool, TlsMode, TrafficPolicy
from meshd.model.memo import Reader
from meshd.model.service import Protocol, Resolution, Service, ServicePort
from meshd.networking.clusters.peers import endpoint_identities, endpoints_taking_mtls
from meshd.networking.clusters.tls import PLAINTEXT, behind_proxy_header, client_tls_socket
from meshd.networking.mtls import ALPN_MESH, ALPN_MESH_HTTP, upstream_mtls_socket
from meshd.networking.names import AS_MEANT
from meshd.networking.proto import struct

RAW_BUFFER = {"name": "tlsMode-disabled", "match": {}, "transport_socket": PLAINTEXT}


def transport_security(
    read: Reader, service: Service, port: ServicePort, subset: str, policy: TrafficPolicy, has_secrets: bool
) -> dict[str, Any]:
    """Fields of a cluster: the transport sockets of its connections.

    Gateways have Secrets by name, and sidecars by a DestinationRule that selects them (`has_secrets`).
    """
    tls = policy.tls
    if tls is not None and tls.credential_name and not has_secrets:
        policy = replace(policy, tls=replace(tls, credential_name=""))
    security = _tls(read, service, port, subset, policy)
    return behind_proxy_header(security, policy.proxy_protocol) if policy.proxy_protocol else security


_NOBODY_KNOWN = (Resolution.ORIGINAL_DESTINATION, Resolution.DYNAMIC_DNS)
"""Where nothing is known of the endpoints."""


def _tls(read: Reader, service: Service, port: ServicePort, subset: str, policy: TrafficPolicy) -> dict[str, Any]:
    """Mutual TLS towards each endpoint that takes it, unless the policy says otherwise.

    The service's name is shown as SNI: by it the server's proxy tells in metrics which of its services was called.
    Where the client chooses the endpoint nothing is known of it: mutual TLS is for all endpoints or none, as in Istio.
    """
    tls = policy.tls
    if tls is not None and tls.mode is TlsMode.DISABLE:
        return {}
    if tls is not None and tls.mode is not TlsMode.ISTIO_MUTUAL:
        names = tls.subject_alt_names or service.subject_alt_names
        return {"transport_socket": client_tls_socket(replace(tls, subject_alt_names=names), _alpn(port, policy))}
    if tls is None and (service.external or service.resolution in _NOBODY_KNOWN):
        return {}
    known = read.query(endpoint_identities, service, port.port)
    sans, sni = _expected(tls, known, service.hostname)
    socket = upstream_mtls_socket(sni, sans, _mesh_alpn(port, policy))
    if tls is not None:
        return {"transport_socket": socket}
    if subset == AS_MEANT:
        return {"transport_socket": socket} if read.query(endpoints_taking_mtls, service, port.port) == "all" else {}
    match = {"name": "tlsMode-istio", "match": struct({"tlsMode": "istio"}), "transport_socket": socket}
    return {"transport_socket_matches": [match, RAW_BUFFER]}


def _alpn(port: ServicePort, policy: TrafficPolicy) -> tuple[str, ...]:
    """The HTTP version offered in TLS. Where it is the client's, Envoy offers that of each connection by itself."""
    pool = policy.connection_pool or ConnectionPool()
    if not port.protocol.is_http or pool.use_client_protocol:
        return ()
    return ("h2",) if port.protocol.is_http2 or pool.upgrade_to_http2 else ("http/1.1",)


def _mesh_alpn(port: ServicePort, policy: TrafficPolicy) -> tuple[str, ...]:
    """The mesh's own protocol names, then HTTP's version. Offered none of these, the server looks at the first bytes.

    On a port whose protocol nobody named it is HTTP unless a connection says otherwise (listeners.detection).
    """
    if port.protocol is Protocol.AUTO:
        return (ALPN_MESH_HTTP, ALPN_MESH)
    return (ALPN_MESH, *_alpn(port, policy)) if port.protocol.is_http else (ALPN_MESH, "http/1.1")


def _expected(tls: ClientTls | None, known: tuple[str, ...], sni: str) -> tuple[tuple[str, ...], str]:
    if tls is None:
        return known, sni
    return tls.subject_alt_names or known, tls.sni or sni
