"""The ports of a workload that its proxy knows about, and what each speaks."""

from dataclasses import dataclass

from meshd.model.destination import ConnectionPool
from meshd.model.gateway import ServerTls
from meshd.model.memo import Reader
from meshd.model.security import MtlsMode
from meshd.model.service import Protocol, Service, ServicePort
from meshd.model.sidecar import IngressListener, Sidecar
from meshd.networking.lookup import services_of_workload, target_port
from meshd.networking.mtls import mtls_mode, mtls_ports
from meshd.networking.scopes import WorkloadScope
from meshd.networking.sidecars import sidecar_of

_UNLIMITED = ConnectionPool()


@dataclass(frozen=True, slots=True)
class InboundPort:
    """`service` and `port` are None for a port known only from a PeerAuthentication.

    `endpoint` is where the application listens, if not where the client meant (IngressListener).
    """

    number: int
    mode: MtlsMode
    service: Service | None = None
    port: ServicePort | None = None
    endpoint: tuple[str, int] | None = None
    pool: ConnectionPool = _UNLIMITED
    tls: ServerTls | None = None
    """Clients' own TLS, which ends here."""
    bind: str = ""
    """As in IngressListener."""

    @property
    def is_http(self) -> bool:
        return self.port is not None and self.port.protocol.is_http

    @property
    def is_detected(self) -> bool:
        """Whether the first bytes tell what a connection speaks."""
        return self.port is not None and self.port.protocol is Protocol.AUTO


def inbound_ports(read: Reader, scope: WorkloadScope) -> tuple[InboundPort, ...]:
    """Target ports of the services that select the workload.

    Where services share one, the first by name decides, of those that name its protocol if any does. A Sidecar with
    ingress listeners says itself which ports there are.
    """
    sidecar = read.query(sidecar_of, scope.namespace, scope.labels)
    found: dict[int, tuple[Service, ServicePort] | tuple[None, None]] = {}
    for service in read.query(services_of_workload, scope.namespace, scope.labels):
        for port in service.ports:
            number = target_port(port, scope.container_ports)
            if number is not None and _goes_before(port, found.get(number)):
                found[number] = (service, port)
    if sidecar is not None and sidecar.ingress:
        return tuple(_ingress_port(read, scope, sidecar, each, found.get(each.port)) for each in sidecar.ingress)
    pool = (sidecar.inbound_pool if sidecar else None) or _UNLIMITED
    for number in read.query(mtls_ports, scope.namespace, scope.labels):
        found.setdefault(number, (None, None))
    return tuple(
        InboundPort(number, read.query(mtls_mode, scope.namespace, scope.labels, number), service, port, pool=pool)
        for number, (service, port) in sorted(found.items())
    )


def _goes_before(port: ServicePort, other: tuple[Service, ServicePort] | tuple[None, None] | None) -> bool:
    _, known = other or (None, None)
    return known is None or (known.protocol is Protocol.AUTO and port.protocol is not Protocol.AUTO)


def _ingress_port(
    read: Reader,
    scope: WorkloadScope,
    sidecar: Sidecar,
    listener: IngressListener,
    behind: tuple[Service, ServicePort] | tuple[None, None] | None,
) -> InboundPort:
    """`behind` is the service whose target port this is, which metrics name."""
    service, port = behind or (None, None)
    mode = read.query(mtls_mode, scope.namespace, scope.labels, listener.port)
    tls = listener.tls if mode is MtlsMode.DISABLE else None
    protocol = Protocol.HTTP if tls and listener.protocol is Protocol.HTTPS else listener.protocol
    spoken = ServicePort(port.name if port else "", port.port if port else listener.port, listener.port, protocol)
    return InboundPort(
        listener.port,
        mode,
        service,
        spoken,
        listener.endpoint,
        listener.pool or sidecar.inbound_pool or _UNLIMITED,
        tls,
        listener.bind,
    )
