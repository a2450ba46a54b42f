"""Which workloads accept mutual TLS, and the TLS contexts of both sides."""

from typing import Any

from envoy.extensions.transport_sockets.tls.v3 import tls_pb2

from meshd.model.labels import Labels, selects
from meshd.model.memo import Reader
from meshd.model.reference import oldest_first
from meshd.model.security import MtlsMode, PeerAuthentication
from meshd.model.tables import PEER_AUTHENTICATIONS
from meshd.networking.lookup import mesh_config
from meshd.networking.names import ROOT_CERTIFICATE, WORKLOAD_CERTIFICATE
from meshd.networking.proto import ADS, boolean, extension

ALPN_MESH = "istio"
"""The protocol name by which a server tells a peer of the mesh from an application's own TLS."""
ALPN_MESH_HTTP = "istio-http"
"""The same of a peer that sends HTTP, for ports whose protocol nobody named."""


def peer_authentications(read: Reader, namespace: str, labels: Labels) -> tuple[PeerAuthentication, ...]:
    """What applies to a workload, the narrowest first: its own, its namespace's, the mesh's."""
    root = read.query(mesh_config).root_namespace
    own = oldest_first(read.find(PEER_AUTHENTICATIONS, "namespace", namespace))
    mesh = oldest_first(read.find(PEER_AUTHENTICATIONS, "namespace", root))
    workload = [p for p in own if p.selector and selects(p.selector, labels)]
    wide = [p for p in own if not p.selector]
    return (*workload[:1], *wide[:1], *[p for p in mesh if not p.selector][:1])


def mtls_mode(read: Reader, namespace: str, labels: Labels, port: int) -> MtlsMode:
    """What `port` (the workload's, not the service's) accepts; port 0 asks for the workload as a whole.

    https://istio.io/latest/docs/reference/config/security/peer_authentication/
    """
    policies = read.query(peer_authentications, namespace, labels)
    if port and policies:
        mode = dict(policies[0].port_modes).get(port)
        if mode is not None:
            return mode
    return next((p.mode for p in policies if p.mode is not None), MtlsMode.PERMISSIVE)


def mtls_ports(read: Reader, namespace: str, labels: Labels) -> tuple[int, ...]:
    """Ports with a mode of their own."""
    policies = read.query(peer_authentications, namespace, labels)
    return tuple(port for port, _ in policies[0].port_modes) if policies else ()


def _sds(name: str) -> dict[str, Any]:
    return {"name": name, "sds_config": ADS}


def downstream_mtls_socket() -> dict[str, Any]:
    """Server side: any certificate of the mesh's CA is let in; who may do what is authorization's matter."""
    context = tls_pb2.DownstreamTlsContext(
        common_tls_context={
            "alpn_protocols": ["h2", "http/1.1"],
            "tls_certificate_sds_secret_configs": [_sds(WORKLOAD_CERTIFICATE)],
            "validation_context_sds_secret_config": _sds(ROOT_CERTIFICATE),
            "tls_params": {"tls_minimum_protocol_version": "TLSv1_2"},
        },
        require_client_certificate=boolean(True),
    )
    return extension("envoy.transport_sockets.tls", context)


def upstream_mtls_socket(sni: str, sans: tuple[str, ...], alpn: tuple[str, ...]) -> dict[str, Any]:
    """Client side: the server must show one of the identities `sans` (none known: any of the mesh).

    `alpn` names the mesh's own protocol first.
    """
    matchers = [{"san_type": "URI", "matcher": {"exact": san}} for san in sans]
    context = tls_pb2.UpstreamTlsContext(
        sni=sni,
        common_tls_context={
            "alpn_protocols": alpn,
            "tls_certificate_sds_secret_configs": [_sds(WORKLOAD_CERTIFICATE)],
            "combined_validation_context": {
                "default_validation_context": {"match_typed_subject_alt_names": matchers},
                "validation_context_sds_secret_config": _sds(ROOT_CERTIFICATE),
            },
        },
    )
    return extension("envoy.transport_sockets.tls", context)
