"""The ways into one port of a workload as filter chains: in mutual TLS, in plaintext, in TLS of the client's own."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from meshd.model.gateway import ServerTls, ServerTlsMode
from meshd.model.memo import Reader
from meshd.model.security import MtlsMode
from meshd.networking.authentication.filters import jwt_filters
from meshd.networking.authorization.filters import http_rbac_filters, network_rbac_filters, policies_for
from meshd.networking.authorization.log import authorization_logs
from meshd.networking.inbound_ports import InboundPort
from meshd.networking.listeners.detection import HTTP_PROTOCOLS
from meshd.networking.listeners.http import connection_manager
from meshd.networking.listeners.request_protocol import server_label
from meshd.networking.listeners.server_tls import server_tls_socket
from meshd.networking.listeners.tcp import tcp_proxy
from meshd.networking.listeners.telemetry.reporter import server_reporter
from meshd.networking.mtls import (
    ALPN_MESH,
    ALPN_MESH_HTTP,
    downstream_mtls_socket,
)
from meshd.networking.names import (
    INBOUND_PASSTHROUGH_CLUSTER,
    inbound_cluster_name,
)
from meshd.networking.proto import duration, uint32
from meshd.networking.scopes import WorkloadScope

_TLS: dict[str, Any] = {"transport_protocol": "tls"}


@dataclass(frozen=True, slots=True)
class _Way:
    """One way into a port: what its connections have in common, and what comes of them."""

    name: str
    match: dict[str, Any]
    mutual_tls: bool = False
    http: bool = False
    tls: ServerTls | None = None


def inbound_chains(read: Reader, scope: WorkloadScope, bound: InboundPort) -> list[dict[str, Any]]:
    """Filter chains of one port: with mutual TLS, in plaintext, or both, as its mode says."""
    port: dict[str, Any] = {"destination_port": uint32(bound.number)} if bound.number else {}
    return [
        {
            "name": f"{bound.number}_{way.name}",
            "filter_chain_match": {**port, **way.match},
            "filters": _filters(read, scope, bound, way),
            **_transport_socket(way),
        }
        for way in _ways(bound)
    ]


def _transport_socket(way: _Way) -> dict[str, Any]:
    if way.tls is not None:
        return {"transport_socket": server_tls_socket(way.tls, way.http)}
    return {"transport_socket": downstream_mtls_socket()} if way.mutual_tls else {}


def _ways(bound: InboundPort) -> Iterator[_Way]:
    """A client's own TLS is not the mesh's: told apart by ALPN, it is passed on as it is where plaintext is let in.

    Envoy does not fall back from a transport protocol that some chain of the port names, so each is named.
    """
    if bound.tls is not None:
        yield _Way("tls_ended", _TLS, http=bound.is_http, tls=bound.tls)
        return
    if bound.mode is not MtlsMode.DISABLE:
        if bound.is_detected:
            yield _Way("mtls_http", _TLS | {"application_protocols": [ALPN_MESH_HTTP]}, mutual_tls=True, http=True)
        yield _Way("mtls", _TLS | {"application_protocols": [ALPN_MESH]}, mutual_tls=True, http=bound.is_http)
    if bound.mode is not MtlsMode.STRICT:
        plaintext: dict[str, Any] = {"transport_protocol": "raw_buffer"} if bound.mode is MtlsMode.PERMISSIVE else {}
        if bound.is_detected:
            yield _Way("plaintext_http", plaintext | {"application_protocols": HTTP_PROTOCOLS}, http=True)
        yield _Way("plaintext", plaintext, http=bound.is_http)
    if bound.mode is MtlsMode.PERMISSIVE and not bound.is_http:
        yield _Way("tls", _TLS)


def _filters(read: Reader, scope: WorkloadScope, bound: InboundPort, way: _Way) -> list[dict[str, Any]]:
    policies = read.query(policies_for, scope.namespace, scope.labels)
    reporter = server_reporter(read, scope, way.mutual_tls)
    cluster = inbound_cluster_name(bound.number) if bound.port else INBOUND_PASSTHROUGH_CLUSTER
    if bound.port is None or not way.http:
        proxy = tcp_proxy([(cluster, 1)], reporter, authorization_logs(policies, is_http=False))
        return [*network_rbac_filters(read, policies), proxy]
    return [
        connection_manager(
            read,
            reporter,
            server_label(bound.port.protocol),
            f"inbound_{bound.number}",
            [*jwt_filters(read, scope), *http_rbac_filters(read, policies)],
            authorization_logs(policies, is_http=True),
            route_config=_route(cluster, bound),
            **_client_identity(way.mutual_tls or (way.tls is not None and way.tls.mode is ServerTlsMode.MUTUAL)),
        )
    ]


def _client_identity(mutual_tls: bool) -> dict[str, Any]:
    """Who the client is goes to the application in x-forwarded-client-cert; in plaintext nobody vouches for it.

    https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_conn_man/headers#x-forwarded-client-cert
    """
    if not mutual_tls:
        return {"forward_client_cert_details": "SANITIZE"}
    return {
        "forward_client_cert_details": "APPEND_FORWARD",
        "set_current_client_cert_details": {"subject": {"value": True}, "dns": True, "uri": True},
    }


def _route(cluster: str, bound: InboundPort) -> dict[str, Any]:
    host = bound.service.hostname if bound.service else "*"
    port = bound.port.port if bound.port else bound.number
    route = {
        "name": "default",
        "match": {"prefix": "/"},
        "route": {"cluster": cluster, "timeout": duration(0)},
        "decorator": {"operation": f"{host}:{port}/*"},
    }
    virtual_host = {"name": f"inbound|http|{port}", "domains": ["*"], "routes": [route]}
    return {"name": cluster, "virtual_hosts": [virtual_host]}
