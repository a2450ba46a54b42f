"""Outbound listeners of a sidecar.

The pod's iptables send every connection of the application to `virtualOutbound`, which hands it to the listener for
its original destination: one for each HTTP port (told apart by host), one for each TCP service's address and port.
What none of them takes passes through, or is closed where a Sidecar or the mesh says so.
"""

from collections.abc import Iterator
from typing import Any

from envoy.config.listener.v3 import listener_pb2

from meshd.model.memo import Reader
from meshd.model.resource import Resource, Scope
from meshd.model.service import Protocol
from meshd.networking.listeners.detection import HTTP_PROTOCOLS, tell_http
from meshd.networking.listeners.http import client_filters, connection_manager, rds
from meshd.networking.listeners.outbound_l4 import l4_chains, l4_rules
from meshd.networking.listeners.request_protocol import BY_REQUEST, client_label
from meshd.networking.listeners.server_name import tell_by_server_name
from meshd.networking.listeners.tcp import black_hole, tcp_proxy
from meshd.networking.listeners.telemetry.reporter import Reporter, client_reporter
from meshd.networking.lookup import service_of
from meshd.networking.names import (
    BLACK_HOLE_CLUSTER,
    OUTBOUND_PORT,
    VIRTUAL_OUTBOUND,
    detected_route_name,
)
from meshd.networking.proto import boolean, resource, uint32
from meshd.networking.routes.sidecar import http_ports, passthrough
from meshd.networking.scopes import Layer, OutboundScope
from meshd.networking.sidecars import outbound_policy, own_listeners
from meshd.networking.visibility import services_in

ListenerItem = tuple[str, int, str]
"""(address, port, hostname): the hostname is empty for a listener that serves HTTP for all hosts."""

ANY_ADDRESS = "0.0.0.0"


def outbound_listeners(read: Reader, scope: Scope) -> tuple[ListenerItem, ...]:
    assert isinstance(scope, OutboundScope)
    scope = scope.view
    own = scope.layer is Layer.OWN
    items: list[ListenerItem] = [] if own else [(ANY_ADDRESS, OUTBOUND_PORT, VIRTUAL_OUTBOUND)]
    items += [(ANY_ADDRESS, port, "") for port in read.query(http_ports, scope)]
    for service in read.query(services_in, scope):
        for port in service.ports:
            if not port.protocol.is_http and port.protocol is not Protocol.UDP:
                items += [(address, port.port, service.hostname) for address in service.addresses]
    return tuple(dict.fromkeys((*items, *_own_items(read, scope))))


def _own_items(read: Reader, scope: OutboundScope) -> Iterator[ListenerItem]:
    """Listeners that a Sidecar asks for at an address of their own."""
    for listener in own_listeners(read, scope):
        if listener.protocol.is_http:
            yield (listener.bind, listener.port, "")
            continue
        reached = (s.hostname for s in read.query(services_in, scope) if s.port(listener.port))
        yield from ((listener.bind, listener.port, host) for host in list(reached)[:1])


def build_outbound_listener(read: Reader, scope: Scope, item: object) -> Resource | None:
    assert isinstance(scope, OutboundScope)
    assert isinstance(item, tuple)
    address, port, host = item
    reporter = client_reporter(read, scope)
    scope = scope.view
    bound = any((e.bind, e.port) == (address, port) and not e.captured for e in own_listeners(read, scope))
    if host == VIRTUAL_OUTBOUND:
        unknown = BLACK_HOLE_CLUSTER if outbound_policy(read, scope).registry_only else passthrough(read, scope)
        return resource(host, _virtual_outbound(unknown, reporter), reporter.refs)
    if not host:
        manager = connection_manager(
            read,
            reporter,
            client_label(read, port),
            f"outbound_{address}_{port}",
            client_filters(),
            rds=rds(str(port)),
        )
        listener = _listener(address, port, [{"filters": [manager]}], bound)
        return resource(listener.name, listener, reporter.refs)
    service = read.query(service_of, host)
    service_port = service.port(port) if service else None
    if service is None or service_port is None:
        return None
    rules = l4_rules(read, scope, host)
    chains = l4_chains(read, scope, service_port, host, rules, reporter)
    detected = service_port.protocol is Protocol.AUTO and not _is_own(read, scope, address, port)
    if detected:
        chains.append(_http_chain(read, reporter, host, port))
    listener = _listener(address, port, chains, bound)
    tell_by_server_name(listener)
    if detected:
        tell_http(listener)
    return resource(listener.name, listener, [*(each.ref for each in rules), *reporter.refs])


def _is_own(read: Reader, scope: OutboundScope, address: str, port: int) -> bool:
    """Whether a Sidecar asks for this listener, and so has named its protocol."""
    return any((each.bind, each.port) == (address, port) for each in own_listeners(read, scope))


def _http_chain(read: Reader, reporter: Reporter, host: str, port: int) -> dict[str, Any]:
    """For HTTP that is found on a port whose protocol nobody named."""
    manager = connection_manager(
        read,
        reporter,
        BY_REQUEST,
        f"outbound_{detected_route_name(host, port)}",
        client_filters(),
        rds=rds(detected_route_name(host, port)),
    )
    return {"filter_chain_match": {"application_protocols": HTTP_PROTOCOLS}, "filters": [manager]}


def _listener(address: str, port: int, chains: list[dict[str, Any]], bound: bool) -> listener_pb2.Listener:
    """`bound`: the proxy itself listens there; else connections for it are handed over by `virtualOutbound`."""
    return listener_pb2.Listener(
        name=f"{address}_{port}",
        address={"socket_address": {"address": address, "port_value": port}},
        bind_to_port=boolean(bound),
        traffic_direction="OUTBOUND",
        filter_chains=chains,
    )


def _virtual_outbound(unknown: str, reporter: Reporter) -> listener_pb2.Listener:
    own_port = {"destination_port": uint32(OUTBOUND_PORT)}  # passed through, it would come back here without end
    closed = {
        "name": f"{OUTBOUND_PORT}_closed",
        "filter_chain_match": own_port,
        "filters": [black_hole()],
    }
    chain = {"filters": [tcp_proxy([(unknown, 1)], reporter)]}
    return listener_pb2.Listener(
        name=VIRTUAL_OUTBOUND,
        address={"socket_address": {"address": ANY_ADDRESS, "port_value": OUTBOUND_PORT}},
        use_original_dst=boolean(True),
        traffic_direction="OUTBOUND",
        filter_chains=[closed, chain],
    )
