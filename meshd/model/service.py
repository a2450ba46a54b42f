"""Services, the endpoints behind them, and the workloads (pods) that are the endpoints."""

from dataclasses import dataclass
from enum import Enum

from meshd.model.labels import Labels


class Protocol(Enum):
    """What a port speaks, by Istio's port-name and appProtocol rules.

    https://istio.io/latest/docs/ops/configuration/traffic-management/protocol-selection/
    """

    HTTP = "http"
    HTTP2 = "http2"
    GRPC = "grpc"
    HTTPS = "https"
    TLS = "tls"
    TCP = "tcp"
    UDP = "udp"
    AUTO = "auto"
    """Nobody named it: each connection's first bytes tell HTTP from all else."""

    @property
    def is_http(self) -> bool:
        return self in (Protocol.HTTP, Protocol.HTTP2, Protocol.GRPC)

    @property
    def is_http2(self) -> bool:
        return self in (Protocol.HTTP2, Protocol.GRPC)


@dataclass(frozen=True, slots=True)
class ServicePort:
    """`target_port` is a port number or the name of a container port."""

    name: str
    port: int
    target_port: int | str
    protocol: Protocol


@dataclass(frozen=True, slots=True)
class Service:
    """A Kubernetes Service. `addresses` are its cluster IPs, empty when headless."""

    namespace: str
    name: str
    hostname: str
    ports: tuple[ServicePort, ...]
    selector: Labels = ()
    addresses: tuple[str, ...] = ()
    headless: bool = False
    export_to: tuple[str, ...] = ("*",)

    @property
    def key(self) -> str:
        return f"{self.namespace}/{self.name}"

    def port(self, number: int) -> ServicePort | None:
        return next((port for port in self.ports if port.port == number), None)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One address of a service. `workload` is "namespace/name" of the pod, or empty."""

    address: str
    workload: str = ""
    locality: str = ""


@dataclass(frozen=True, slots=True)
class EndpointSlice:
    """Ready endpoints of `hostname`; `ports` maps a service port's name to the endpoints' port number."""

    namespace: str
    name: str
    hostname: str
    ports: tuple[tuple[str, int], ...]
    endpoints: tuple[Endpoint, ...]


@dataclass(frozen=True, slots=True)
class Workload:
    """A pod. `workload_name` names its owner (the Deployment); `in_mesh` says that a sidecar was injected.

    `container_ports` maps names of container ports to their numbers.
    """

    namespace: str
    name: str
    uid: str
    ip: str
    labels: Labels
    service_account: str
    workload_name: str
    in_mesh: bool
    node: str = ""
    container_ports: tuple[tuple[str, int], ...] = ()
    annotations: Labels = ()

    @property
    def key(self) -> str:
        return f"{self.namespace}/{self.name}"


@dataclass(frozen=True, slots=True)
class Proxy:
    """An Envoy that asked for configuration and proved to be the proxy of `workload`."""

    node_id: str
    kind: str
    """"sidecar" or "router" (a gateway)."""
    workload: Workload

    @property
    def is_gateway(self) -> bool:
        return self.kind == "router"
