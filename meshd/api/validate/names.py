"""Names of the API: DNS names and labels, Kubernetes labels, gateways, ports, addresses and visibility."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from ipaddress import ip_network

from meshd.api.problem import Problem, child
from meshd.model.hosts import is_ip_address as is_ip_address

_LABEL = "[a-zA-Z0-9](?:[-a-zA-Z0-9]*[a-zA-Z0-9])?"
_DNS_LABEL = re.compile(_LABEL)
_FIRST_LABEL = re.compile(rf"\*|(?:\*-?)?{_LABEL}")
_QUALIFIED = "(?:[A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]"
_LABEL_KEY = re.compile(rf"(?:{_LABEL}(?:\.{_LABEL})*/)?{_QUALIFIED}")
_LABEL_VALUE = re.compile(rf"(?:{_QUALIFIED})?")


def is_dns_label(name: str) -> bool:
    """One part of a DNS name: letters, digits and inner dashes, at most 63 of them."""
    return len(name) <= 63 and _DNS_LABEL.fullmatch(name) is not None


def is_dns_name(name: str, *, wildcard: bool = False) -> bool:
    """A DNS name, short or full, with a dot at its end or not, or (`wildcard`) "*" and "*.example.com"."""
    labels = name.removesuffix(".").split(".")
    if not name or len(name) > 255 or (labels[-1].isdecimal() and len(labels) > 1):
        return False
    first_fits = is_dns_label(labels[0]) or (
        wildcard and len(labels[0]) <= 63 and _FIRST_LABEL.fullmatch(labels[0]) is not None
    )
    return first_fits and all(map(is_dns_label, labels[1:]))


def check_host(host: str, path: str) -> Iterator[Problem]:
    """A host to route for: a DNS name, its first label possibly a wildcard, or an IP address."""
    if not (is_dns_name(host, wildcard=True) or is_ip_address(host)):
        yield Problem(path, host, 'must be a DNS name, one that starts with "*.", or an IP address')


def check_destination_host(host: str, path: str) -> Iterator[Problem]:
    """A host to route to: a service's name, short or full."""
    if host == "*" or not (is_dns_name(host, wildcard=True) or is_ip_address(host)):
        yield Problem(path, host, "must be the DNS name of a service, such as reviews.shop.svc.cluster.local")


def hosts_overlap(one: str, other: str) -> bool:
    """Whether some name fits both hosts, each of them exact or with a leading wildcard."""
    one, other = one.lower(), other.lower()
    if one.startswith("*") and other.startswith("*"):
        return one[1:].endswith(other[1:]) or other[1:].endswith(one[1:])
    if one.startswith("*"):
        return other.endswith(one[1:])
    return one.endswith(other[1:]) if other.startswith("*") else one == other


def check_labels(labels: Mapping[str, str], path: str) -> Iterator[Problem]:
    """Labels of pods, as Kubernetes would accept them."""
    for key, value in labels.items():
        prefix, _, name = key.rpartition("/")
        if not _LABEL_KEY.fullmatch(key) or len(name) > 63 or len(prefix) > 253:
            yield Problem(path, key, "must be a Kubernetes label key such as app or example.com/app")
        if not _LABEL_VALUE.fullmatch(value) or len(value) > 63:
            yield Problem(child(path, key), value, "must be a Kubernetes label value: letters, digits, - _ .")


def check_port(number: int, path: str, *, unset: int | None = None) -> Iterator[Problem]:
    """A port number; the value `unset` stands for none given."""
    if not 1 <= number <= 65535 and number != unset:
        yield Problem(path, number, "must be a port from 1 to 65535")


def check_gateways(gateways: Sequence[str], path: str) -> Iterator[Problem]:
    """Names of gateways: "mesh", "name" or "namespace/name"."""
    for index, gateway in enumerate(gateways):
        namespace, slash, name = gateway.rpartition("/")
        is_namespace = not slash or namespace == "." or is_dns_label(namespace)
        if not is_namespace or not is_dns_name(name) or (slash and "." in name):
            yield Problem(f"{path}[{index}]", gateway, "must be mesh, name or namespace/name of a Gateway")


def check_ip_blocks(blocks: Sequence[str], path: str) -> Iterator[Problem]:
    """IP addresses and CIDR ranges."""
    for index, block in enumerate(blocks):
        try:
            ip_network(block, strict=False)
        except ValueError:
            yield Problem(f"{path}[{index}]", block, "must be an IP address or a range such as 10.0.0.0/8")


def check_export_to(export_to: Sequence[str], namespace: str) -> Iterator[Problem]:
    """Namespaces that see the object: "." for its own, "*" for all, or names, none of them twice."""
    path = "spec.exportTo"
    seen: set[str] = set()
    for index, entry in enumerate(export_to):
        place = f"{path}[{index}]"
        if entry not in (".", "*") and not is_dns_label(entry):
            yield Problem(place, entry, 'must be ".", "*" or the name of a namespace')
        target = namespace if entry == "." and namespace else entry
        if target in seen:
            yield Problem(place, entry, "is in the list already; leave it out")
        seen.add(target)
    if "*" in seen and len(export_to) > 1:
        yield Problem(path, list(export_to), '"*" stands for all namespaces and must be alone')
