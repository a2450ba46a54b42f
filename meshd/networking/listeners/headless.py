"""Listeners for headless services: DNS leads clients to the pods themselves, so each pod's address has one."""

from collections.abc import Iterator

from meshd.model.memo import Reader
from meshd.model.service import Service, ServicePort
from meshd.networking.service_endpoints import service_endpoints


def pod_addresses(read: Reader, service: Service, port: ServicePort) -> Iterator[tuple[str, int]]:
    """Where clients connect to: the pods' own addresses and ports, of those whose traffic is caught (IPv4)."""
    for each in read.query(service_endpoints, service.namespace, service.hostname, port.port):
        if ":" not in each.endpoint.address:
            yield each.endpoint.address, each.port


def port_of_pod(read: Reader, service: Service, address: str, number: int) -> ServicePort | None:
    """The service's port that stands for a pod's."""
    ports = (port for port in service.ports if port.protocol.is_l4)
    return next((port for port in ports if (address, number) in pod_addresses(read, service, port)), None)
