"""Of Gateways: pods and key pairs that are not there, and others for the same port and host."""

from collections.abc import Iterator

from meshd.model.gateway import Gateway, GatewayServer
from meshd.model.labels import selects
from meshd.model.memo import Reader
from meshd.model.tables import GATEWAYS, WORKLOADS
from meshd.networking.advice.finding import Finding, older
from meshd.networking.gateways import HTTP_PROTOCOLS

_TLS = frozenset(("HTTPS", "TLS"))


def of_gateway(read: Reader, gateway: Gateway) -> Iterator[Finding]:
    if not any(selects(gateway.selector, workload.labels) for workload in read.all(WORKLOADS)):
        pairs = ", ".join(f"{key}={value}" for key, value in gateway.selector)
        yield Finding("spec.selector", f"no pod has the labels {pairs}: nobody serves it", missing=True)
    for other in read.all(GATEWAYS):
        if other.ref != gateway.ref and other.selector == gateway.selector:
            yield from _same_port(gateway, other)


def _same_port(gateway: Gateway, other: Gateway) -> Iterator[Finding]:
    """Without TLS a port is for HTTP or for connections, not both; a server name has one TLS setting."""
    first = other if older(other, gateway) else gateway
    for server in gateway.servers:
        for rival in other.servers:
            if (server.port, server.bind) != (rival.port, rival.bind):
                continue
            if {server.protocol, rival.protocol}.isdisjoint(_TLS) and _is_http(server) != _is_http(rival):
                text = f"{other.ref} serves {rival.protocol} at port {server.port} too: {first.ref} counts, being older"
                yield Finding("spec.servers.port", text)
            elif server.protocol in _TLS and rival.protocol in _TLS and server.tls != rival.tls:
                for host in sorted(_names(server) & _names(rival)):
                    text = f"{other.ref} has other TLS settings for {host} at port {server.port}"
                    yield Finding("spec.servers.tls", f"{text}: those of {first.ref} count, being older")


def _is_http(server: GatewayServer) -> bool:
    return server.protocol in HTTP_PROTOCOLS


def _names(server: GatewayServer) -> set[str]:
    return {entry.rpartition("/")[2] for entry in server.hosts}
