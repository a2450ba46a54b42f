"""WorkloadEntry: an address, ports and labels; also as an endpoint of a ServiceEntry."""

from __future__ import annotations

from collections.abc import Iterator

from meshd.api.istio.workload_entry import WorkloadEntry
from meshd.api.object import IstioObject
from meshd.api.problem import Problem, child

from .names import check_labels, check_port, is_dns_label, is_dns_name, is_ip_address
from .sidecar import UNIX


def check_workload_entry(entry: IstioObject[WorkloadEntry]) -> Iterator[Problem]:
    """Why this WorkloadEntry must be refused.

    https://istio.io/latest/docs/reference/config/networking/workload-entry/
    """
    yield from check_endpoint(entry.spec, "spec", by_name=True)


def warn_workload_entry(entry: IstioObject[WorkloadEntry]) -> Iterator[Problem]:
    """What is allowed but has no effect here."""
    yield from warn_endpoint(entry.spec, "spec")


def check_endpoint(entry: WorkloadEntry, path: str, *, by_name: bool) -> Iterator[Problem]:
    """`by_name`: its address may be a DNS name."""
    place = f"{path}.address"
    if not entry.address:
        if not entry.network:
            yield Problem(place, None, "is required")
    elif entry.address.startswith(UNIX):
        if not entry.address.removeprefix(UNIX).startswith("/"):
            yield Problem(place, entry.address, "must be an absolute path after unix://")
        if entry.ports:
            yield Problem(f"{path}.ports", None, "must be left out: a socket has none")
    elif not is_ip_address(entry.address) and not by_name:
        yield Problem(place, entry.address, "must be an IP address; DNS names need resolution DNS")
    elif not (is_ip_address(entry.address) or is_dns_name(entry.address)):
        yield Problem(place, entry.address, "must be an IP address or a DNS name")
    for name, port in entry.ports.items():
        if not is_dns_label(name):
            yield Problem(child(f"{path}.ports", name), name, "must be the name of a service's port")
        yield from check_port(port, child(f"{path}.ports", name))
    yield from check_labels(entry.labels, f"{path}.labels")


def warn_endpoint(entry: WorkloadEntry, path: str) -> Iterator[Problem]:
    """What keeps an endpoint from being used."""
    if entry.address.startswith(UNIX):
        yield Problem(f"{path}.address", entry.address, "is a socket in the file system, which is not reached")
    elif not entry.address:
        yield Problem(f"{path}.address", None, "is missing: gateways of other networks are not supported")
