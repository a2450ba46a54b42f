"""What a Sidecar says: which services its workloads' proxies know, and how traffic comes in."""

from dataclasses import dataclass

from meshd.model.destination import ConnectionPool
from meshd.model.gateway import ServerTls
from meshd.model.hosts import covers
from meshd.model.labels import Labels
from meshd.model.reference import ObjectRef
from meshd.model.route import Destination
from meshd.model.service import Protocol


@dataclass(frozen=True, slots=True)
class HostSelector:
    """Hosts of a namespace: a name, "." for the workload's own, "*" for any, "~" for none. `host` may be a wildcard."""

    namespace: str
    host: str

    def selects(self, client: str, namespace: str, host: str) -> bool:
        """Whether it names, to a workload in `client`, `host` (maybe a wildcard) of an object in `namespace`."""
        wanted = client if self.namespace == "." else self.namespace
        return wanted in ("*", namespace) and (covers(self.host, host) or covers(host, self.host))


@dataclass(frozen=True, slots=True)
class EgressListener:
    """What may be reached at `port`; 0 stands for every port that no other listener of the Sidecar names.

    With `captured` False the proxy itself listens at `bind` and the port, for applications without traffic capture.
    """

    hosts: tuple[HostSelector, ...]
    port: int = 0
    protocol: Protocol = Protocol.TCP
    bind: str = ""
    captured: bool = True


@dataclass(frozen=True, slots=True)
class IngressListener:
    """How requests for a port of the workload come in.

    `endpoint` is the (address, port) where the application listens; None: where the client meant, and an address of
    "0.0.0.0": the pod's own, or loopback where `bind` is said. `tls` ends at the proxy, where the port has no mutual
    TLS of the mesh. `bind` is where the proxy listens itself; empty: it is handed what comes to the port.
    """

    port: int
    protocol: Protocol
    endpoint: tuple[str, int] | None = None
    pool: ConnectionPool | None = None
    tls: ServerTls | None = None
    bind: str = ""


@dataclass(frozen=True, slots=True)
class OutboundPolicy:
    """What happens to traffic that goes to no known service: closed, passed on, or sent to `egress_proxy`."""

    registry_only: bool
    egress_proxy: Destination | None = None


@dataclass(frozen=True, slots=True)
class Sidecar:
    """No selector: all workloads of the namespace, or in the root namespace of the mesh."""

    ref: ObjectRef
    egress: tuple[EgressListener, ...]
    selector: Labels = ()
    ingress: tuple[IngressListener, ...] = ()
    outbound: OutboundPolicy | None = None
    inbound_pool: ConnectionPool | None = None
    created: str = ""

    def lets_in(self, client: str, namespace: str, host: str, port: int) -> bool:
        """Whether its workloads in namespace `client` may reach `port` of `host`, a service of `namespace`."""
        return any(selector.selects(client, namespace, host) for selector in self._hosts(port))

    def lets_in_rules(self, client: str, namespace: str, hosts: tuple[str, ...]) -> bool:
        """Whether rules of `namespace` for `hosts` act on its workloads in namespace `client`."""
        selectors = [selector for listener in self.egress for selector in listener.hosts]
        return any(selector.selects(client, namespace, host) for selector in selectors for host in hosts)

    def _hosts(self, port: int) -> tuple[HostSelector, ...]:
        named = tuple(s for listener in self.egress if listener.port == port for s in listener.hosts)
        return named or tuple(s for listener in self.egress if not listener.port for s in listener.hosts)
