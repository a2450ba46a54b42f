"""Listeners of a gateway: one for each address and port its Gateway objects open."""

from collections.abc import Iterable
from typing import Any

from envoy.config.listener.v3 import listener_pb2
from envoy.extensions.filters.http.grpc_web.v3 import grpc_web_pb2

from meshd.model.memo import Reader
from meshd.model.resource import Resource, Scope
from meshd.networking.authentication.filters import jwt_filters
from meshd.networking.authentication.rules import authentication_refs
from meshd.networking.authorization.filters import http_rbac_filters, policies_for
from meshd.networking.authorization.log import authorization_logs
from meshd.networking.gateways import BoundServer, gateway_servers, served, sni_hosts
from meshd.networking.listeners.gateway_l4 import l4_chains, l4_rules
from meshd.networking.listeners.http import client_filters, connection_manager, rds
from meshd.networking.listeners.l4 import Chain
from meshd.networking.listeners.request_protocol import gateway_label
from meshd.networking.listeners.server_name import tell_by_server_name
from meshd.networking.listeners.server_tls import server_tls_socket
from meshd.networking.listeners.telemetry.reporter import gateway_reporter
from meshd.networking.proto import boolean, extension, resource
from meshd.networking.scopes import WorkloadScope

_UNIX = "unix://"
_GRPC_WEB = extension("envoy.filters.http.grpc_web", grpc_web_pb2.GrpcWeb())
"""Makes gRPC of what browsers send.

https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_filters/grpc_web_filter
"""
Address = tuple[str, int]
"""(IP address, port), or (unix://path, 0)."""


def gateway_listeners(read: Reader, scope: Scope) -> tuple[Address, ...]:
    assert isinstance(scope, WorkloadScope)
    servers = (bound for bound in read.query(gateway_servers, scope) if served(read, scope, bound))
    return tuple(dict.fromkeys(bound.address for bound in servers))


def build_gateway_listener(read: Reader, scope: Scope, item: object) -> Resource | None:
    """The listener of one port; None when none of its servers can be served."""
    assert isinstance(scope, WorkloadScope)
    assert isinstance(item, tuple)
    servers = [b for b in read.query(gateway_servers, scope) if b.address == item and served(read, scope, b)]
    chains = _distinct(chain for bound in _of_one_kind(servers) for chain in _chains(read, scope, bound))
    if not chains:
        return None
    bind, port = item
    listener = listener_pb2.Listener(
        name=f"{bind}_{port}", address=_address(bind, port), traffic_direction="OUTBOUND", filter_chains=chains
    )
    tell_by_server_name(listener)
    policies = read.query(policies_for, scope.namespace, scope.labels)
    rules = (each.ref for bound in servers if not bound.is_http for each in l4_rules(read, bound))
    security = [*(policy.ref for policy in policies), *read.query(authentication_refs, scope)]
    reported = gateway_reporter(read, scope).refs
    refs = dict.fromkeys([*(bound.gateway.ref for bound in servers), *rules, *security, *reported])
    return resource(listener.name, listener, refs)


def _address(bind: str, port: int) -> dict[str, Any]:
    if bind.startswith(_UNIX):
        return {"pipe": {"path": bind.removeprefix(_UNIX)}}
    return {"socket_address": {"address": bind, "port_value": port}}


def _of_one_kind(servers: list[BoundServer]) -> list[BoundServer]:
    """Servers that can share a port: without TLS it is HTTP, for all of them together, or it is not; the oldest says.

    https://istio.io/latest/docs/reference/config/networking/gateway/
    """
    plain = [bound for bound in servers if not bound.is_tls]
    if plain and plain[0].is_http:
        plain = plain[:1]
    return [bound for bound in servers if bound.is_tls or (bound in plain and bound.is_http == plain[0].is_http)]


def _distinct(chains: Iterable[Chain]) -> list[Chain]:
    """Drop what an older chain already takes: Envoy refuses two chains with one match."""
    taken: set[tuple[str, ...]] = set()
    kept = []
    for chain in chains:
        keys = _keys(chain.get("filter_chain_match", {}))
        if not keys & taken:
            kept.append(chain)
            taken |= keys
    return kept


def _keys(match: dict[str, Any]) -> set[tuple[str, ...]]:
    addresses = (str(match.get("prefix_ranges", "")), str(match.get("source_prefix_ranges", "")))
    names = [name.lower() for name in match.get("server_names") or ["*"]]
    protocols = ",".join(match.get("application_protocols", ()))
    return {(match.get("transport_protocol", ""), protocols, name, *addresses) for name in names}


def _chains(read: Reader, scope: WorkloadScope, bound: BoundServer) -> Iterable[Chain]:
    http: list[Chain] = [{"filters": [_manager(read, scope, bound)]}] if bound.is_http else []
    chains = http or l4_chains(read, scope, bound)
    if not bound.is_tls or bound.passes_on:
        return chains
    assert bound.server.tls is not None
    names = sni_hosts(bound.server)
    tls = {"transport_protocol": "tls", **({"server_names": list(names)} if names else {})}
    socket = server_tls_socket(bound.server.tls, bound.is_http)
    return [
        {**chain, "filter_chain_match": {**chain.get("filter_chain_match", {}), **tls}, "transport_socket": socket}
        for chain in chains
    ]


def _manager(read: Reader, scope: WorkloadScope, bound: BoundServer) -> dict[str, Any]:
    policies = read.query(policies_for, scope.namespace, scope.labels)
    for_browsers = [_GRPC_WEB] if bound.server.protocol == "GRPC-WEB" else []
    return connection_manager(
        read,
        gateway_reporter(read, scope),
        gateway_label(read),
        bound.server.name or f"outbound_0.0.0.0_{bound.listen}",
        [*jwt_filters(read, scope), *http_rbac_filters(read, policies), *for_browsers, *client_filters(read)],
        authorization_logs(policies, is_http=True),
        rds=rds(bound.route),
        use_remote_address=boolean(True),
        forward_client_cert_details="SANITIZE_SET",
        set_current_client_cert_details={"subject": {"value": True}, "dns": True, "uri": True},
    )
