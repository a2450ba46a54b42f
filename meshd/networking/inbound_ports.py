"""The ports of a workload that its proxy knows about, and what each speaks."""

from dataclasses import dataclass

from meshd.model.memo import Reader
from meshd.model.security import MtlsMode
from meshd.model.service import Service, ServicePort
from meshd.networking.lookup import services_of_workload, target_port
from meshd.networking.mtls import mtls_mode, mtls_ports
from meshd.networking.scopes import WorkloadScope


@dataclass(frozen=True, slots=True)
class InboundPort:
    """`service` and `port` are None for a port known only from a PeerAuthentication."""

    number: int
    mode: MtlsMode
    service: Service | None = None
    port: ServicePort | None = None

    @property
    def is_http(self) -> bool:
        return self.port is not None and self.port.protocol.is_http


def inbound_ports(read: Reader, scope: WorkloadScope) -> tuple[InboundPort, ...]:
    """Target ports of the services that select the workload; where services share one, the first by name decides."""
    found: dict[int, tuple[Service, ServicePort] | tuple[None, None]] = {}
    for service in read.query(services_of_workload, scope.namespace, scope.labels):
        for port in service.ports:
            number = target_port(port, scope.container_ports)
            if number is not None:
                found.setdefault(number, (service, port))
    for number in read.query(mtls_ports, scope.namespace, scope.labels):
        found.setdefault(number, (None, None))
    return tuple(
        InboundPort(number, read.query(mtls_mode, scope.namespace, scope.labels, number), service, port)
        for number, (service, port) in sorted(found.items())
    )
