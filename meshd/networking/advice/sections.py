"""Of VirtualServices: routes for a protocol that is spoken nowhere they are for."""

from collections.abc import Iterator

from meshd.model.gateway import Gateway, GatewayServer
from meshd.model.memo import Reader
from meshd.model.route import MESH_GATEWAY, RouteRules
from meshd.model.service import Protocol, Service
from meshd.model.tables import GATEWAYS
from meshd.networking.advice.finding import Finding
from meshd.networking.lookup import destination_service

HTTP, TLS, TCP = "http", "tls", "tcp"
_PORTS = {HTTP: "HTTP", TLS: "TLS that is passed on", TCP: "TCP"}


def sections_advice(read: Reader, rules: RouteRules) -> Iterator[Finding]:
    """Says nothing while a host or Gateway that the rules are for is not there: it may bring a port for them."""
    spoken: set[str] = set()
    for gateway in rules.gateways:
        found = _inside(read, rules) if gateway == MESH_GATEWAY else _at_gateway(read.get(GATEWAYS, gateway))
        if not found:
            return
        spoken |= found
    for section, routes in ((HTTP, rules.http), (TLS, rules.tls), (TCP, rules.tcp)):
        if routes and section not in spoken:
            yield Finding(f"spec.{section}", f"no port that these rules are for speaks {_PORTS[section]}")


def _inside(read: Reader, rules: RouteRules) -> set[str]:
    """Empty when some host is no service."""
    services = [destination_service(read, host, rules.ref.namespace) for host in rules.hosts]
    known = [service for service in services if service is not None]
    return {section for service in known for section in _of_service(service)} if len(known) == len(services) else set()


def _of_service(service: Service) -> Iterator[str]:
    for port in service.ports:
        if port.protocol.is_http or port.protocol is Protocol.AUTO:
            yield HTTP
        if port.protocol.is_tls:
            yield TLS
        if port.protocol.is_l4:
            yield TCP


def _at_gateway(gateway: Gateway | None) -> set[str]:
    return {section for server in gateway.servers for section in _of_server(server)} if gateway else set()


def _of_server(server: GatewayServer) -> Iterator[str]:
    if server.tls is not None and server.tls.mode.passes_on:
        yield from (TLS, TCP)
    elif server.protocol.startswith(("HTTP", "GRPC")):
        yield HTTP
    else:
        yield TCP
