"""Outbound listeners of a sidecar.

The pod's iptables send every connection of the application to `virtualOutbound`, which hands it to the listener for
its original destination: one for each HTTP port (told apart by host), one for each TCP service's address and port.
Services without an address share the listener of their port with HTTP.
What none of them takes passes through, or is closed where a Sidecar or the mesh says so.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

from envoy.config.listener.v3 import listener_pb2

from meshd.model.memo import Reader
from meshd.model.resource import Resource, Scope
from meshd.model.route import RouteRules
from meshd.model.service import Protocol, Service
from meshd.networking.listeners.detection import tell_http
from meshd.networking.listeners.headless import pod_addresses, port_of_pod
from meshd.networking.listeners.l4 import Chain
from meshd.networking.listeners.outbound_http import detected_http_chain, http_manager
from meshd.networking.listeners.outbound_l4 import ANY_ADDRESS, chains_of_several, l4_chains, l4_rules
from meshd.networking.listeners.server_name import tell_by_server_name
from meshd.networking.listeners.shared import at_address, by_port
from meshd.networking.listeners.tcp import black_hole, tcp_proxy
from meshd.networking.listeners.telemetry.reporter import Reporter, client_reporter
from meshd.networking.lookup import service_of
from meshd.networking.names import (
    BLACK_HOLE_CLUSTER,
    OUTBOUND_PORT,
    VIRTUAL_OUTBOUND,
)
from meshd.networking.proto import boolean, resource, uint32
from meshd.networking.routes.sidecar import http_ports, passthrough, serves_http
from meshd.networking.scopes import Layer, OutboundScope
from meshd.networking.sidecars import outbound_policy, own_listeners
from meshd.networking.visibility import services_in


class _Found(NamedTuple):
    """Filter chains of one listener, the rules in them, and whether some are for HTTP that is found by its bytes."""

    chains: list[Chain]
    rules: tuple[RouteRules, ...] = ()
    detected: bool = False


ListenerItem = tuple[str, int, str]
"""(address, port, hostname): the hostname is empty for a listener that all hosts share."""


def outbound_listeners(read: Reader, scope: Scope) -> tuple[ListenerItem, ...]:
    assert isinstance(scope, OutboundScope)
    scope = scope.view
    own = scope.layer is Layer.OWN
    items: list[ListenerItem] = [] if own else [(ANY_ADDRESS, OUTBOUND_PORT, VIRTUAL_OUTBOUND)]
    items += [(ANY_ADDRESS, port, "") for port in read.query(http_ports, scope)]
    for service in read.query(services_in, scope):
        items += _items_of(read, service)
    first = {item[:2]: item for item in reversed((*items, *_own_items(read, scope)))}
    return tuple(reversed(first.values()))


def _items_of(read: Reader, service: Service) -> Iterator[ListenerItem]:
    for port in service.ports:
        if not port.protocol.is_l4:
            continue
        yield from ((address, port.port, service.hostname) for address in service.virtual_ips)
        if service.goes_by_port:
            yield (ANY_ADDRESS, port.port, "")
        if service.headless:
            for address, number in pod_addresses(read, service, port):
                yield (address, number, service.hostname)


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
    if host == VIRTUAL_OUTBOUND:
        return resource(host, _virtual_outbound(_unknown(read, scope), reporter), reporter.refs)
    chains, rules, detected = _chains(read, scope, address, port, host, reporter)
    if not chains:
        return None
    bound = any((e.bind, e.port) == (address, port) and not e.captured for e in own_listeners(read, scope))
    listener = _listener(address, port, chains, bound)
    tell_by_server_name(listener)
    if detected:
        tell_http(listener)
    return resource(listener.name, listener, [*(each.ref for each in rules), *reporter.refs])


def _is_own(read: Reader, scope: OutboundScope, address: str, port: int) -> bool:
    """Whether a Sidecar asks for this listener, and so has named its protocol."""
    return any((each.bind, each.port) == (address, port) for each in own_listeners(read, scope))


def _chains(read: Reader, scope: OutboundScope, address: str, port: int, host: str, reporter: Reporter) -> _Found:
    """What one listener has; no chains for a service that is gone."""
    if not host:
        sharing = read.query(by_port, scope, port) if address == ANY_ADDRESS else ()
        serves = address != ANY_ADDRESS or serves_http(read, scope, port)
        http = [http_manager(read, reporter, address, port)] if serves else None
        if sharing:
            unknown = _unknown(read, scope)
            return _Found(*chains_of_several(read, scope, (address, port), sharing, reporter, http, unknown))
        return _Found([{"filters": http}] if http else [])
    sharing = read.query(at_address, scope, address, port)
    if len(sharing) > 1:
        unknown = _unknown(read, scope)
        return _Found(*chains_of_several(read, scope, (address, port), sharing, reporter, None, unknown))
    service = read.query(service_of, host, scope.namespace)
    if service is None:
        return _Found([])
    service_port = port_of_pod(read, service, address, port) if service.headless else service.port(port)
    if service_port is None:
        return _Found([])
    rules = l4_rules(read, scope, host)
    chains = l4_chains(read, scope, service_port, service, rules, reporter)
    detected = service_port.protocol is Protocol.AUTO and not _is_own(read, scope, address, port)
    if detected:
        chains.append(detected_http_chain(read, reporter, host, service_port.port))
    return _Found(chains, rules, detected)


def _unknown(read: Reader, scope: OutboundScope) -> str:
    """The cluster for what is for no known service."""
    return BLACK_HOLE_CLUSTER if outbound_policy(read, scope).registry_only else passthrough(read, scope)


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
