"""The endpoints of a service: those that its EndpointSlices list, and the workloads that its selector finds."""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from socket import AF_INET, AF_INET6, AddressFamily, inet_pton

from meshd.model.labels import selects
from meshd.model.locality import NOWHERE, Locality
from meshd.model.memo import Reader
from meshd.model.service import Endpoint, Resolution, Service, ServicePort, Workload, WorkloadInstance
from meshd.model.tables import ENDPOINT_SLICES, READY_PODS, SERVICES, WORKLOAD_ENTRIES, WORKLOADS
from meshd.networking.localities import workload_locality


@dataclass(frozen=True, slots=True)
class ServiceEndpoint:
    """`port` is where the endpoint listens; `workload` what is known of who listens, `locality` where."""

    endpoint: Endpoint
    port: int
    workload: Workload | None = None
    locality: Locality = NOWHERE


def service_endpoints(read: Reader, namespace: str, hostname: str, number: int) -> tuple[ServiceEndpoint, ...]:
    """Behind port `number` of `hostname` as objects in `namespace` define it."""
    found: list[ServiceEndpoint] = []
    definitions = _definitions(read, namespace, hostname)
    for service in definitions:
        port = service.port(number)
        if port is not None:
            found += _selected(read, service, port)
    listed = next((p for p in (s.port(number) for s in definitions) if p), None)
    if listed is not None:
        found += _listed(read, definitions[0], listed)
    asks_dns = bool(definitions) and definitions[0].resolution is not Resolution.ENDPOINTS
    return tuple(found) if asks_dns else _reachable(found)


def _definitions(read: Reader, namespace: str, hostname: str) -> list[Service]:
    """The Kubernetes Service, else all ServiceEntries for the host: together they make one service."""
    found = [s for s in read.find(SERVICES, "hostname", hostname) if s.namespace == namespace]
    return [s for s in found if not s.entry] or found


def _listed(read: Reader, service: Service, port: ServicePort) -> Iterator[ServiceEndpoint]:
    slices = read.find(ENDPOINT_SLICES, "service", (service.namespace, service.hostname, bool(service.entry)))
    for endpoint_slice in slices:
        target = dict(endpoint_slice.ports).get(port.name)
        for endpoint in endpoint_slice.endpoints if target is not None else ():
            number = dict(endpoint.ports).get(port.name, target or 0)
            yield _endpoint(read, endpoint, number, _workload(read, service, endpoint))


def _endpoint(read: Reader, endpoint: Endpoint, number: int, workload: Workload | None) -> ServiceEndpoint:
    """Where a pod runs its label or node says better than the list it is in."""
    pod = workload if endpoint.peer is None else None
    known = workload_locality(read, pod.labels, pod.node) if pod is not None else NOWHERE
    return ServiceEndpoint(endpoint, number, workload, known or endpoint.locality)


def _workload(read: Reader, service: Service, endpoint: Endpoint) -> Workload | None:
    """Of an EndpointSlice written by hand only addresses are known, which may well be those of pods."""
    if endpoint.workload or endpoint.peer is not None:
        return read.get(WORKLOADS, endpoint.workload) if endpoint.workload else endpoint.peer
    pods = read.find(WORKLOADS, "ip", endpoint.address) if not (service.entry or service.selector) else ()
    return pods[0] if len(pods) == 1 else None


def _selected(read: Reader, service: Service, port: ServicePort) -> Iterator[ServiceEndpoint]:
    """Kubernetes lists the pods of its Services itself."""
    if not service.selector:
        return
    for instance in read.find(WORKLOAD_ENTRIES, "namespace", service.namespace):
        number = _port_of(instance.endpoint, port)
        if number is not None and selects(service.selector, instance.labels):
            yield _endpoint(read, instance.endpoint, number, instance.endpoint.peer)
    if service.entry:
        yield from _pods(read, service, port, read.find(READY_PODS, "namespace", service.namespace))


def _pods(
    read: Reader, service: Service, port: ServicePort, instances: Iterable[WorkloadInstance]
) -> Iterator[ServiceEndpoint]:
    for instance in instances:
        if selects(service.selector, instance.labels) and isinstance(port.target_port, int):
            workload = read.get(WORKLOADS, instance.endpoint.workload)
            yield _endpoint(read, instance.endpoint, port.target_port, workload)


def _port_of(endpoint: Endpoint, port: ServicePort) -> int | None:
    """The WorkloadEntry's own port of that name, else the service's target port."""
    own = dict(endpoint.ports)
    if port.name in own:
        return own[port.name]
    return port.target_port if isinstance(port.target_port, int) else own.get(port.target_port)


def _reachable(found: list[ServiceEndpoint]) -> tuple[ServiceEndpoint, ...]:
    """IP addresses alone, of one family: a pod with two addresses is still one endpoint."""
    families = [_family(each.endpoint.address) for each in found]
    family = AF_INET if AF_INET in families else AF_INET6
    return tuple(each for each, own in zip(found, families, strict=True) if own == family)


def _family(address: str) -> AddressFamily | None:
    """None for what is no IP address."""
    for family in (AF_INET, AF_INET6):
        with suppress(OSError):
            inet_pton(family, address)
            return family
    return None
