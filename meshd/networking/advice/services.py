"""Of Kubernetes Services: ports that do not say what they speak, and pods outside the mesh."""

from collections.abc import Iterator

from meshd.model.labels import selects
from meshd.model.memo import Reader
from meshd.model.service import Protocol, Service, ServicePort
from meshd.model.tables import ROUTE_RULES, WORKLOADS
from meshd.networking.advice.finding import Finding

_SAYS_TCP = ("tcp", "mongo", "mysql", "redis")
SHOWN = 3


def of_service(read: Reader, service: Service) -> Iterator[Finding]:
    for port in service.ports:
        yield from _unnamed(read, service, port)
    yield from _outside(read, service)


def _unnamed(read: Reader, service: Service, port: ServicePort) -> Iterator[Finding]:
    """A port without a known protocol is TCP, which matters where rules ask for HTTP."""
    if port.protocol is not Protocol.TCP or port.name.partition("-")[0] in _SAYS_TCP:
        return
    named = f"port {port.port}{f' ({port.name})' if port.name else ''}"
    rules = [str(r.ref) for r in read.find(ROUTE_RULES, "host", service.hostname) if r.http]
    effect = f", so {', '.join(rules)} has no effect there" if rules else ""
    text = f"{named} does not say what it speaks and is TCP{effect}: begin its name with http-, grpc- or tcp-"
    yield Finding("spec.ports.name", f"{text}, or set appProtocol")


def _outside(read: Reader, service: Service) -> Iterator[Finding]:
    pods = [p for p in read.find(WORKLOADS, "namespace", service.namespace) if service.selector]
    chosen = [pod for pod in pods if selects(service.selector, pod.labels)]
    outside = [pod.name for pod in chosen if not pod.in_mesh]
    if outside and len(outside) < len(chosen):
        names = ", ".join(outside[:SHOWN]) + (f" and {len(outside) - SHOWN} more" if len(outside) > SHOWN else "")
        yield Finding("spec.selector", f"some of its pods have no sidecar ({names}): restart them to bring them in")
