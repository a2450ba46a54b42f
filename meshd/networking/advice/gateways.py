"""Of Gateways: pods and key pairs that are not there, and others for the same port and host."""

from collections.abc import Iterator

from meshd.model.gateway import Gateway, GatewayServer
from meshd.model.labels import selects
from meshd.model.memo import Reader
from meshd.model.tables import GATEWAYS, WORKLOADS
from meshd.networking.advice.finding import Finding, older
from meshd.networking.gateways import HTTP_PROTOCOLS, bound_servers
from meshd.networking.scopes import WorkloadScope, workload_scope

_TLS = frozenset(("HTTPS", "TLS"))


def of_gateway(read: Reader, gateway: Gateway) -> Iterator[Finding]:
    pods = [workload for workload in read.all(WORKLOADS) if selects(gateway.selector, workload.labels)]
    if not pods:
        pairs = ", ".join(f"{key}={value}" for key, value in gateway.selector)
        yield Finding("spec.selector", f"no pod has the labels {pairs}: nobody serves it", missing=True)
    for other in read.all(GATEWAYS):
        if other.ref != gateway.ref and other.selector == gateway.selector:
            yield from _same_port(gateway, other)
    for scope in dict.fromkeys(map(workload_scope, pods)):
        yield from _same_listener(read, scope, gateway)


def _same_listener(read: Reader, scope: WorkloadScope, gateway: Gateway) -> Iterator[Finding]:
    """Two ports of the Service that lead to one of the pod: plain HTTP is the first's alone, TLS goes by its names."""
    others = [g for g in read.all(GATEWAYS) if g.ref != gateway.ref and selects(g.selector, scope.labels)]
    in_order = sorted([gateway, *others], key=lambda each: (not each.created, each.created, each.ref))
    servers = bound_servers(read, scope, in_order)
    for index, bound in enumerate(servers):
        for first in servers[:index] if bound.gateway.ref == gateway.ref else ():
            same = (bound.address, bound.is_tls) == (first.address, first.is_tls)
            if same and bound.server.port != first.server.port:
                shared = sorted(_names(bound.server) & _names(first.server)) if bound.is_tls else ["all hosts"]
                if shared:
                    text = f"{bound.server.port} and {first.server.port} are both port {bound.listen} of the pod"
                    yield Finding(
                        "spec.servers.port",
                        f"{text}: for {', '.join(shared)} only what {first.gateway.ref} says of"
                        f" {first.server.port} counts",
                    )


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
            elif _is_http(server) and _is_http(rival) and first is other and server.name not in ("", rival.name):
                text = f"{server.name} has no effect: {other.ref} serves port {server.port} too, and is older"
                yield Finding("spec.servers.name", text)
            elif server.protocol in _TLS and rival.protocol in _TLS and server.tls != rival.tls:
                for host in sorted(_names(server) & _names(rival)):
                    text = f"{other.ref} has other TLS settings for {host} at port {server.port}"
                    yield Finding("spec.servers.tls", f"{text}: those of {first.ref} count, being older")


def _is_http(server: GatewayServer) -> bool:
    return server.protocol in HTTP_PROTOCOLS


def _names(server: GatewayServer) -> set[str]:
    return {entry.rpartition("/")[2] for entry in server.hosts}
