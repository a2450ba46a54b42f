"""ServiceEntry: hosts, addresses, ports, and endpoints that fit how they are found."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_network

from meshd.api.istio.service_entry import ServiceEntry, ServicePort
from meshd.api.object import IstioObject
from meshd.api.problem import Problem, child, listing

from .names import check_export_to, check_labels, check_port, is_dns_label, is_dns_name, is_ip_address
from .sidecar import PROTOCOLS, UNIX
from .workload_entry import check_endpoint, warn_endpoint

_TLS = ("HTTPS", "TLS")
_HTTP = ("HTTP", "HTTP2", "GRPC", "GRPC-WEB", "HTTP_PROXY")
_DNS = ("DNS", "DNS_ROUND_ROBIN")
_KNOWN = (*PROTOCOLS, "HTTP_PROXY", "UDP")


def check_service_entry(entry: IstioObject[ServiceEntry]) -> Iterator[Problem]:
    """Why this ServiceEntry must be refused.

    https://istio.io/latest/docs/reference/config/networking/service-entry/
    """
    spec = entry.spec
    if not spec.hosts:
        yield Problem("spec.hosts", None, "must name at least one host")
    for index, host in enumerate(spec.hosts):
        if not is_dns_name(host.removeprefix("*.")) and not (is_ip_address(host) and ":" not in host):
            yield Problem(
                f"spec.hosts[{index}]", host, 'must be a DNS name, one that starts with "*.", or an IPv4 address'
            )
    if spec.resolution == "DYNAMIC_DNS":
        yield from _check_dynamic(spec)
    yield from _check_addresses(spec)
    yield from _check_ports(spec.ports)
    yield from _check_endpoints(spec)
    if spec.workload_selector is not None:
        yield from check_labels(spec.workload_selector.labels, "spec.workloadSelector.labels")
    several = len({host.lower() for host in spec.hosts}) > 1 and spec.resolution != "NONE"
    for index, port in enumerate(spec.ports):
        if several and port.protocol.upper() not in (*_HTTP, *_TLS):
            reason = (
                "with several hosts must be HTTP or TLS, by which they are told apart; give each an object of its own"
            )
            yield Problem(f"spec.ports[{index}].protocol", port.protocol, reason)
    for index, name in enumerate(spec.subject_alt_names):
        if not name:
            yield Problem(f"spec.subjectAltNames[{index}]", name, "must not be empty")
    yield from check_export_to(spec.export_to, entry.metadata.namespace)


def warn_service_entry(entry: IstioObject[ServiceEntry]) -> Iterator[Problem]:
    """What is allowed but has no effect, or more than is probably meant."""
    spec = entry.spec
    for index, host in enumerate(spec.hosts):
        if "." not in host:
            reason = (
                "without a dot has no effect on HTTP while any Kubernetes Service has that name; give the full name"
            )
            yield Problem(f"spec.hosts[{index}]", host, reason)
    for index, endpoint in enumerate(spec.endpoints):
        yield from warn_endpoint(endpoint, f"spec.endpoints[{index}]")
    if spec.resolution == "STATIC" and not spec.endpoints and spec.workload_selector is None:
        yield Problem("spec.endpoints", None, "are missing: nobody answers requests for these hosts")
    if spec.workload_selector is not None and spec.resolution == "NONE":
        yield Problem("spec.workloadSelector", None, "finds nothing with resolution NONE; use STATIC")
    if spec.resolution == "DYNAMIC_DNS":
        yield from _warn_dynamic(spec)
    for index, address in enumerate(spec.addresses):
        if ":" in address:
            yield Problem(f"spec.addresses[{index}]", address, "is not caught: proxies catch connections to IPv4 only")
        elif "/" in address and all(port.protocol.upper() in _HTTP for port in spec.ports):
            reason = "has no effect: HTTP goes by the host of each request; a range is for TCP and TLS"
            yield Problem(f"spec.addresses[{index}]", address, reason)
    for index, port in enumerate(spec.ports):
        if not spec.addresses and port.protocol.upper() not in (*_HTTP, *_TLS, "UDP"):
            reason = f"without addresses takes all connections to port {port.number} that are for no other service"
            yield Problem(f"spec.ports[{index}]", port.name, reason)


def _warn_dynamic(spec: ServiceEntry) -> Iterator[Problem]:
    for name, given in (("endpoints", spec.endpoints), ("workloadSelector", spec.workload_selector)):
        if given:
            yield Problem(
                f"spec.{name}", None, "has no effect with resolution DYNAMIC_DNS: DNS alone says where hosts are"
            )
    for index, port in enumerate(spec.ports):
        if port.target_port and port.protocol.upper() in _HTTP:
            reason = "has no effect on HTTP with resolution DYNAMIC_DNS: the port is the one in the request's host"
            yield Problem(f"spec.ports[{index}].targetPort", port.target_port, reason)


def _check_dynamic(spec: ServiceEntry) -> Iterator[Problem]:
    """What is looked up is the name that each request or TLS client asks for."""
    for index, host in enumerate(spec.hosts):
        if not host.startswith("*."):
            yield Problem(f"spec.hosts[{index}]", host, 'must start with "*." with resolution DYNAMIC_DNS; use DNS')
    if spec.addresses:
        yield Problem("spec.addresses", None, "must be left out with resolution DYNAMIC_DNS: hosts go by their names")
    for index, port in enumerate(spec.ports):
        if port.protocol.upper() not in (*_HTTP, *_TLS):
            reason = "must be HTTP or TLS with resolution DYNAMIC_DNS: nothing else says which host is meant"
            yield Problem(f"spec.ports[{index}].protocol", port.protocol, reason)


def _check_addresses(spec: ServiceEntry) -> Iterator[Problem]:
    for index, address in enumerate(spec.addresses):
        place = f"spec.addresses[{index}]"
        try:
            ip_network(address, strict=False)
        except ValueError:
            yield Problem(place, address, "must be an IP address or a range such as 192.0.2.0/24")
            continue
        if "/" in address and spec.resolution not in ("NONE", "STATIC"):
            yield Problem(place, address, "may be a range only with resolution NONE or STATIC")


def _check_ports(ports: tuple[ServicePort, ...]) -> Iterator[Problem]:
    for index, port in enumerate(ports):
        path = f"spec.ports[{index}]"
        yield from check_port(port.number, f"{path}.number")
        yield from check_port(port.target_port, f"{path}.targetPort", unset=0)
        if not is_dns_label(port.name):
            yield Problem(f"{path}.name", port.name, "must be letters, digits and inner dashes, at most 63 of them")
        if port.protocol and port.protocol.upper() not in _KNOWN:
            yield Problem(f"{path}.protocol", port.protocol, f"must be {listing(list(_KNOWN))}")
        if any(other.name == port.name for other in ports[:index]):
            yield Problem(f"{path}.name", port.name, "is another port's name already")
        if any(other.number == port.number for other in ports[:index]):
            yield Problem(f"{path}.number", port.number, "is in the list already")


def _check_endpoints(spec: ServiceEntry) -> Iterator[Problem]:
    path = "spec.endpoints"
    if spec.endpoints and spec.workload_selector is not None:
        yield Problem(path, None, "and workloadSelector exclude each other; give one of them")
    if spec.endpoints and spec.resolution == "NONE":
        yield Problem(path, None, "must be left out with resolution NONE: connections go where the client meant")
    if spec.resolution == "DNS_ROUND_ROBIN" and len(spec.endpoints) > 1:
        yield Problem(path, None, "may be only one with resolution DNS_ROUND_ROBIN; use DNS for several")
    if spec.resolution in _DNS and not spec.endpoints and spec.workload_selector is None:
        for index, host in enumerate(spec.hosts):
            if host.startswith("*"):
                yield Problem(f"spec.hosts[{index}]", host, "is no name to ask DNS for; list endpoints, or use NONE")
    known = {port.name for port in spec.ports}
    for index, endpoint in enumerate(spec.endpoints):
        place = f"{path}[{index}]"
        yield from check_endpoint(endpoint, place, by_name="DNS" in spec.resolution)
        for name in endpoint.ports:
            if name not in known:
                yield Problem(child(f"{place}.ports", name), None, "is no port of this ServiceEntry")
        if endpoint.address.startswith(UNIX) and spec.resolution != "STATIC":
            yield Problem(f"{place}.address", endpoint.address, "is a socket, which only resolution STATIC knows")
