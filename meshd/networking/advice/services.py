"""Of Kubernetes Services: ports that do not say what they speak, and pods outside the mesh."""

from collections.abc import Iterator

from meshd.model.memo import Reader
from meshd.model.service import Protocol, Service, ServicePort
from meshd.networking.advice.finding import Finding
from meshd.networking.listeners.server_name import FIRST_BYTES
from meshd.networking.lookup import workloads_of_service

SHOWN = 3


def of_service(read: Reader, service: Service) -> Iterator[Finding]:
    for port in service.ports:
        yield from _unnamed(port)
    yield from _outside(read, service)


def _unnamed(port: ServicePort) -> Iterator[Finding]:
    """HTTP is found by a connection's first bytes, for which servers that speak first are kept waiting."""
    if port.protocol is Protocol.AUTO:
        named = f"port {port.port}{f' ({port.name})' if port.name else ''} does not say what it speaks"
        effect = f"whether it is HTTP the first bytes tell, and a server that speaks first waits {FIRST_BYTES:g} s"
        yield Finding(
            "spec.ports.name", f"{named}: {effect}; begin its name with http-, grpc- or tcp-, or set appProtocol"
        )


def _outside(read: Reader, service: Service) -> Iterator[Finding]:
    chosen = workloads_of_service(read, service)
    outside = [pod.name for pod in chosen if not pod.in_mesh]
    if outside and len(outside) < len(chosen):
        names = ", ".join(outside[:SHOWN]) + (f" and {len(outside) - SHOWN} more" if len(outside) > SHOWN else "")
        yield Finding("spec.selector", f"some of its pods have no sidecar ({names}): restart them to bring them in")
