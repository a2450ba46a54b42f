"""VirtualService: hosts, gateways, and the routes of TLS and TCP. HTTP routes have a module of their own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations

from meshd.api.istio.route_match import L4MatchAttributes, TLSMatchAttributes
from meshd.api.istio.virtual_service import RouteDestination, VirtualService
from meshd.api.object import IstioObject
from meshd.api.problem import Problem

from .http_route import check_destination, check_http_route, check_weights
from .names import (
    check_export_to,
    check_gateways,
    check_host,
    check_ip_blocks,
    check_labels,
    check_port,
    hosts_overlap,
)


def check_virtual_service(virtual_service: IstioObject[VirtualService]) -> Iterator[Problem]:
    """Why this VirtualService must be refused."""
    spec = virtual_service.spec
    yield from _check_hosts(spec)
    yield from check_gateways(spec.gateways, "spec.gateways")
    if not (spec.http or spec.tls or spec.tcp):
        yield Problem("spec", None, "at least one of http, tls and tcp must have a route")
    for index, http in enumerate(spec.http):
        yield from check_http_route(http, f"spec.http[{index}]", is_delegate=not spec.hosts)
    for index, tls in enumerate(spec.tls):
        path = f"spec.tls[{index}]"
        if not tls.match:
            yield Problem(f"{path}.match", None, "must have at least one match with sniHosts")
        for match_index, tls_match in enumerate(tls.match):
            yield from _check_tls_match(tls_match, spec.hosts, f"{path}.match[{match_index}]")
        yield from _check_route(tls.route, path)
    for index, tcp in enumerate(spec.tcp):
        path = f"spec.tcp[{index}]"
        for match_index, match in enumerate(tcp.match):
            yield from _check_l4_match(match, f"{path}.match[{match_index}]")
            if match.source_subnet:
                yield from check_ip_blocks([match.source_subnet], f"{path}.match[{match_index}].sourceSubnet")
        yield from _check_route(tcp.route, path)
    yield from check_export_to(spec.export_to, virtual_service.metadata.namespace)


def warn_virtual_service(virtual_service: IstioObject[VirtualService]) -> Iterator[Problem]:
    """What is allowed but surely not meant: routes behind one that takes every request."""
    catch_all: int | None = None
    for index, route in enumerate(virtual_service.spec.http):
        if catch_all is not None:
            reason = f"is never used: http[{catch_all}] before it takes every request; put that one last"
            yield Problem(f"spec.http[{index}]", route.name or None, reason)
        elif not route.match:
            catch_all = index


def _check_hosts(spec: VirtualService) -> Iterator[Problem]:
    if not spec.hosts:
        for field, value in (("gateways", spec.gateways), ("tls", spec.tls), ("tcp", spec.tcp)):
            if value:
                reason = "a VirtualService without hosts is a delegate and has only http; add hosts"
                yield Problem(f"spec.{field}", None, reason)
    for index, host in enumerate(spec.hosts):
        path = f"spec.hosts[{index}]"
        yield from check_host(host, path)
        if host == "*" and all(gateway == "mesh" for gateway in spec.gateways):
            yield Problem(path, host, "every host can be matched at gateways only; name hosts, or a gateway")
    for (_, one), (index, other) in combinations(enumerate(spec.hosts), 2):
        if hosts_overlap(one, other):
            yield Problem(f"spec.hosts[{index}]", other, f"overlaps with {one} in the same VirtualService")


def _check_route(route: Sequence[RouteDestination], path: str) -> Iterator[Problem]:
    if not route:
        yield Problem(f"{path}.route", None, "must have a destination")
    yield from check_weights([destination.weight for destination in route], f"{path}.route")
    for index, destination in enumerate(route):
        yield from check_destination(destination.destination, f"{path}.route[{index}].destination")


def _check_l4_match(match: L4MatchAttributes | TLSMatchAttributes, path: str) -> Iterator[Problem]:
    yield from check_ip_blocks(match.destination_subnets, f"{path}.destinationSubnets")
    yield from check_port(match.port, f"{path}.port", unset=0)
    yield from check_labels(match.source_labels, f"{path}.sourceLabels")
    yield from check_gateways(match.gateways, f"{path}.gateways")


def _check_tls_match(match: TLSMatchAttributes, hosts: Sequence[str], path: str) -> Iterator[Problem]:
    if not match.sni_hosts:
        yield Problem(f"{path}.sniHosts", None, "must have at least one host")
    for index, sni_host in enumerate(match.sni_hosts):
        place = f"{path}.sniHosts[{index}]"
        yield from check_host(sni_host, place)
        if not any(_within(sni_host, host) for host in hosts):
            yield Problem(place, sni_host, f"must be one of this object's hosts ({', '.join(hosts)}) or within")
    yield from _check_l4_match(match, path)


def _within(name: str, host: str) -> bool:
    return name.lower() == host.lower() or (host.startswith("*") and name.lower().endswith(host[1:].lower()))
