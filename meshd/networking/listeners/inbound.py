"""The inbound listeners of a sidecar: every connection to the pod, by port, in plaintext or mutual TLS.

One takes what the pod's iptables hand it. A port that a Sidecar says is not captured has one of its own.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from envoy.config.listener.v3 import listener_pb2
from envoy.extensions.filters.listener.original_dst.v3 import original_dst_pb2

from meshd.model.gateway import ServerTls, ServerTlsMode
from meshd.model.memo import Reader
from meshd.model.resource import Resource, Scope
from meshd.model.security import MtlsMode
from meshd.networking.authentication.filters import jwt_filters
from meshd.networking.authentication.rules import authentication_refs
from meshd.networking.authorization.filters import http_rbac_filters, network_rbac_filters, policies_for
from meshd.networking.authorization.log import authorization_logs
from meshd.networking.inbound_ports import InboundPort, inbound_ports
from meshd.networking.listeners.detection import HTTP_PROTOCOLS, inspector_for
from meshd.networking.listeners.http import connection_manager
from meshd.networking.listeners.request_protocol import server_label
from meshd.networking.listeners.server_name import TLS_INSPECTOR
from meshd.networking.listeners.server_tls import server_tls_socket
from meshd.networking.listeners.tcp import black_hole, tcp_proxy
from meshd.networking.listeners.telemetry.reporter import server_reporter
from meshd.networking.mtls import (
    ALPN_MESH,
    ALPN_MESH_HTTP,
    downstream_mtls_socket,
    mtls_mode,
    peer_authentications,
)
from meshd.networking.names import (
    INBOUND_PASSTHROUGH_CLUSTER,
    INBOUND_PORT,
    OUTBOUND_PORT,
    VIRTUAL_INBOUND,
    inbound_cluster_name,
)
from meshd.networking.proto import duration, extension, resource, uint32
from meshd.networking.scopes import WorkloadScope

_ORIGINAL_DST = extension("envoy.filters.listener.original_dst", original_dst_pb2.OriginalDst())
_TLS: dict[str, Any] = {"transport_protocol": "tls"}


def inbound_listeners(read: Reader, scope: Scope) -> tuple[int, ...]:
    """0 for the one that all ports share."""
    assert isinstance(scope, WorkloadScope)
    return (0, *(bound.number for bound in read.query(inbound_ports, scope) if bound.bind))


def build_inbound_listener(read: Reader, scope: Scope, item: object) -> Resource | None:
    assert isinstance(scope, WorkloadScope)
    bounds = read.query(inbound_ports, scope)
    if item == 0:
        default = InboundPort(0, read.query(mtls_mode, scope.namespace, scope.labels, 0))
        bounds = (*(bound for bound in bounds if not bound.bind), default)
        return _listener(read, scope, bounds, VIRTUAL_INBOUND, ("0.0.0.0", INBOUND_PORT))
    own = next((bound for bound in bounds if bound.bind and bound.number == item), None)
    if own is None:
        return None
    return _listener(read, scope, (own,), f"inbound_{own.bind}_{own.number}", (own.bind, own.number))


def _listener(
    read: Reader, scope: WorkloadScope, bounds: Sequence[InboundPort], name: str, address: tuple[str, int]
) -> Resource:
    captures = name == VIRTUAL_INBOUND
    chains = _closed_ports() if captures else []
    chains += [chain for bound in bounds for chain in _chains(read, scope, bound)]
    inspectors = [_ORIGINAL_DST] if captures else []
    if any(bound.mode is not MtlsMode.DISABLE or bound.tls for bound in bounds):
        inspectors.append(TLS_INSPECTOR)
    read_in_plaintext = [b.number for b in bounds if b.is_detected and b.mode is not MtlsMode.STRICT]
    if read_in_plaintext:
        inspectors.append(inspector_for(read_in_plaintext))
    listener = listener_pb2.Listener(
        name=name,
        address={"socket_address": {"address": address[0], "port_value": address[1]}},
        traffic_direction="INBOUND",
        listener_filters=inspectors,
        listener_filters_timeout=duration(5),
        continue_on_listener_filters_timeout=True,
        filter_chains=chains,
    )
    policies = read.query(policies_for, scope.namespace, scope.labels)
    peers = read.query(peer_authentications, scope.namespace, scope.labels)
    refs = [*(policy.ref for policy in policies), *(peer.ref for peer in peers)]
    refs += [*read.query(authentication_refs, scope), *server_reporter(read, scope, True).refs]
    return resource(name, listener, refs)


def _closed_ports() -> list[dict[str, Any]]:
    """Who connects to the proxy's own ports gets nothing: passed through, it would come back here without end."""
    return [
        {
            "name": f"{port}_closed",
            "filter_chain_match": {"destination_port": uint32(port)},
            "filters": [black_hole()],
        }
        for port in (OUTBOUND_PORT, INBOUND_PORT)
    ]


@dataclass(frozen=True, slots=True)
class _Way:
    """One way into a port: what its connections have in common, and what comes of them."""

    name: str
    match: dict[str, Any]
    mutual_tls: bool = False
    http: bool = False
    tls: ServerTls | None = None


def _chains(read: Reader, scope: WorkloadScope, bound: InboundPort) -> list[dict[str, Any]]:
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
