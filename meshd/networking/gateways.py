"""Which servers a gateway proxy has to offer, taken from all Gateway objects that select it."""

from collections.abc import Iterable
from dataclasses import dataclass

from meshd.model.gateway import Gateway, GatewayServer, KeyPair, ServerTls, ServerTlsMode
from meshd.model.labels import selects
from meshd.model.memo import Reader
from meshd.model.reference import oldest_first
from meshd.model.tables import GATEWAYS, KEY_PAIRS
from meshd.networking.lookup import services_of_workload, target_port
from meshd.networking.names import CA_SUFFIX
from meshd.networking.scopes import WorkloadScope

HTTP_PROTOCOLS = frozenset({"HTTP", "HTTP2", "GRPC", "GRPC-WEB", "HTTP_PROXY"})
ANY_ADDRESS = "0.0.0.0"


@dataclass(frozen=True, slots=True)
class BoundServer:
    """A server of `gateway`; `listen` is the proxy's own port behind the gateway service's port."""

    gateway: Gateway
    server: GatewayServer
    listen: int

    @property
    def is_http(self) -> bool:
        """Plain HTTP, or HTTP within TLS that ends here."""
        return self.server.protocol in HTTP_PROTOCOLS or (self.server.protocol == "HTTPS" and not self.passes_on)

    @property
    def passes_on(self) -> bool:
        return self.is_tls and self.server.tls is not None and self.server.tls.mode.passes_on

    @property
    def address(self) -> tuple[str, int]:
        """Where the proxy listens: an IP address and a port, or the path of a socket and 0."""
        return (self.server.bind or ANY_ADDRESS, self.listen)

    @property
    def is_tls(self) -> bool:
        return self.server.protocol in ("HTTPS", "TLS")

    @property
    def route(self) -> str:
        """Plain HTTP servers of a port share a route configuration, each TLS server has its own, as in Istio."""
        port = self.server.port
        if not self.is_tls:
            return f"http.{port}.{self.server.bind}" if self.server.bind else f"http.{port}"
        ref = self.gateway.ref
        return f"https.{port}.{self.server.port_name}.{ref.name}.{ref.namespace}"


def gateway_servers(read: Reader, scope: WorkloadScope) -> tuple[BoundServer, ...]:
    """All servers for a gateway workload, the oldest Gateway first."""
    return bound_servers(read, scope, oldest_first(g for g in read.all(GATEWAYS) if selects(g.selector, scope.labels)))


def bound_servers(read: Reader, scope: WorkloadScope, gateways: Iterable[Gateway]) -> tuple[BoundServer, ...]:
    """The servers of `gateways`, in their order.

    A server's port is the gateway Service's: where that service maps it to another port of the pod, the proxy listens
    there.
    """
    services = read.query(services_of_workload, scope.namespace, scope.labels)
    targets = {p.port: target_port(p, scope.container_ports) for s in services for p in s.ports}
    return tuple(
        BoundServer(gateway, server, targets.get(server.port) or server.port)
        for gateway in gateways
        for server in gateway.servers
    )


def served(read: Reader, scope: WorkloadScope, bound: BoundServer) -> bool:
    """False while a TLS server's Secret is missing: it waits, the other servers go on."""
    tls = bound.server.tls
    if not bound.is_tls:
        return bound.server.protocol != "UDP"
    if tls is None:
        return False
    if not tls.mode.terminates:
        return True
    if not (tls.credentials or tls.key_pair_files):
        return False
    pairs = [read.get(KEY_PAIRS, f"{scope.namespace}/{name}") for name in tls.credentials]
    if not all(pair is not None and pair.certificate for pair in pairs):
        return False
    if tls.mode is ServerTlsMode.SIMPLE or tls.skip_verify or tls.ca_file:
        return True
    return trusted_ca(read, scope.namespace, ca_credential(tls)) is not None


def ca_credential(tls: ServerTls) -> str:
    """The Secret that the roots for clients are looked for in."""
    return tls.ca_credential or next(iter(tls.credentials), "")


def trusted_ca(read: Reader, namespace: str, credential: str) -> KeyPair | None:
    """Who has the roots for verifying clients: the Secret `<credential>-cacert`, else the credential itself.

    https://istio.io/latest/docs/tasks/traffic-management/ingress/secure-ingress/#key-formats
    """
    name = credential.removesuffix(CA_SUFFIX)
    found = (read.get(KEY_PAIRS, f"{namespace}/{each}") for each in (f"{name}{CA_SUFFIX}", name))
    return next((pair for pair in found if pair is not None and pair.ca), None)


def server_hosts(gateway: Gateway, server: GatewayServer, namespace: str) -> tuple[str, ...]:
    """Hosts of a server that rules in `namespace` may attach to.

    https://istio.io/latest/docs/reference/config/networking/gateway/#Server (hosts: "namespace/host")
    """
    hosts = []
    for entry in server.hosts:
        owner, _, host = entry.rpartition("/")
        if owner in ("", "*", namespace) or (owner == "." and namespace == gateway.ref.namespace):
            hosts.append(host)
    return tuple(hosts)


def sni_hosts(server: GatewayServer) -> tuple[str, ...]:
    """Server names for the listener's filter chain; () stands for any."""
    hosts = tuple(dict.fromkeys(entry.rpartition("/")[2] for entry in server.hosts))
    return () if "*" in hosts else hosts


def intersection(first: str, second: str) -> str | None:
    """The more specific of two hosts when one covers the other, else None."""
    if _covers(first, second):
        return second
    return first if _covers(second, first) else None


def _covers(pattern: str, host: str) -> bool:
    if pattern in ("*", host):
        return True
    return pattern.startswith("*") and host.endswith(pattern[1:]) and host != pattern
