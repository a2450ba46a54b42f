"""Services, the endpoints behind them, and the workloads (pods and what is like them) that are the endpoints."""

from dataclasses import dataclass
from enum import Enum

from meshd.model.hosts import is_ip_address
from meshd.model.labels import Labels
from meshd.model.locality import NOWHERE, Locality


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
    def is_l4(self) -> bool:
        """Connections are forwarded as they are."""
        return not self.is_http and self is not Protocol.UDP

    @property
    def is_tls(self) -> bool:
        """The client's own TLS, whose server name can be read."""
        return self in (Protocol.HTTPS, Protocol.TLS)

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


class Resolution(Enum):
    """Where a proxy learns the endpoints of a service from."""

    ENDPOINTS = "endpoints"
    """The control plane."""
    DNS = "dns"
    """DNS: all addresses that the endpoints' names have."""
    DNS_ROUND_ROBIN = "dns_round_robin"
    """DNS: of the one name, whichever address comes first when a connection is made."""
    DYNAMIC_DNS = "dynamic_dns"
    """DNS, for the names that a wildcard stands for: the one that each request or TLS client asks for."""
    ORIGINAL_DESTINATION = "original_destination"
    """The client: where it meant to connect to."""


@dataclass(frozen=True, slots=True)
class Service:
    """A Kubernetes Service, or one host of a ServiceEntry, whose name `entry` is then.

    `addresses` are its cluster IPs (none when headless), or IP addresses and CIDR ranges. Outside the mesh (`external`)
    nobody takes its mutual TLS. `subject_alt_names` are what else its servers may be by their certificates.
    """

    namespace: str
    name: str
    hostname: str
    ports: tuple[ServicePort, ...]
    selector: Labels = ()
    addresses: tuple[str, ...] = ()
    headless: bool = False
    export_to: tuple[str, ...] = ("*",)
    resolution: Resolution = Resolution.ENDPOINTS
    external: bool = False
    subject_alt_names: tuple[str, ...] = ()
    entry: str = ""
    created: str = ""

    @property
    def key(self) -> str:
        return f"{self.namespace}/{self.entry}/{self.name}" if self.entry else f"{self.namespace}/{self.name}"

    @property
    def virtual_ips(self) -> tuple[str, ...]:
        """Addresses of its own, its name too if it is one. The proxies catch connections to IPv4 addresses only."""
        named = (self.hostname,) if self.entry and is_ip_address(self.hostname) else ()
        known = dict.fromkeys((*named, *self.addresses))
        return tuple(address for address in known if "/" not in address and ":" not in address)

    @property
    def ranges(self) -> tuple[str, ...]:
        return tuple(address for address in self.addresses if "/" in address)

    @property
    def goes_by_port(self) -> bool:
        """Without addresses, or with ranges of them, its connections are told from others at their port."""
        return bool(self.entry) and (not self.addresses or bool(self.ranges))

    def port(self, number: int) -> ServicePort | None:
        return next((port for port in self.ports if port.port == number), None)


@dataclass(frozen=True, slots=True)
class Alias:
    """A Service of type ExternalName: another name for the host `target`."""

    namespace: str
    name: str
    hostname: str
    target: str
    export_to: tuple[str, ...] = ("*",)

    @property
    def key(self) -> str:
        return f"{self.namespace}/{self.name}"


@dataclass(frozen=True, slots=True)
class Workload:
    """A pod. `workload_name` names its owner (the Deployment); `in_mesh` says that a sidecar was injected.

    `container_ports` maps names of container ports to their numbers. What a WorkloadEntry says of a machine has the
    same shape: it is `in_mesh` when a proxy takes mutual TLS for it.
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
class Endpoint:
    """One address of a service: an IP address, or a name where proxies ask DNS.

    `workload` is "namespace/name" of the pod, or empty; `peer` is what is known of one that is no pod. `locality` is
    what is said of the address itself. `ports` maps names of service ports to port numbers of its own.
    """

    address: str
    workload: str = ""
    locality: Locality = NOWHERE
    weight: int = 1
    ports: tuple[tuple[str, int], ...] = ()
    peer: Workload | None = None


@dataclass(frozen=True, slots=True)
class EndpointSlice:
    """Ready endpoints of `hostname`; `ports` maps a service port's name to the endpoints' port number.

    `entry` is the name of the ServiceEntry that lists them; empty for those of a Kubernetes Service.
    """

    namespace: str
    name: str
    hostname: str
    ports: tuple[tuple[str, int], ...]
    endpoints: tuple[Endpoint, ...]
    entry: str = ""

    @property
    def key(self) -> str:
        return f"{self.namespace}/{self.name}"


@dataclass(frozen=True, slots=True)
class WorkloadInstance:
    """What selectors of services find by `labels`: a WorkloadEntry, or a pod that is ready."""

    namespace: str
    name: str
    labels: Labels
    endpoint: Endpoint


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
