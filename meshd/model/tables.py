"""The tables of the store and the indexes through which generators find what they need."""

from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from meshd.model.destination import DestinationPolicy
from meshd.model.gateway import Gateway, KeyPair
from meshd.model.locality import Locality
from meshd.model.mesh import MeshConfig
from meshd.model.proxy_config import ProxyConfig
from meshd.model.request_authentication import RequestAuthentication
from meshd.model.route import MESH_GATEWAY, RouteRules
from meshd.model.security import AuthorizationPolicy, PeerAuthentication
from meshd.model.service import Alias, EndpointSlice, Protocol, Resolution, Service, Workload, WorkloadInstance
from meshd.model.sidecar import Sidecar
from meshd.model.telemetry import Telemetry

T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class Table(Generic[T]):
    """Objects of one type under the key "namespace/name". An index names the values an object is found by."""

    name: str
    indexes: Mapping[str, Callable[[T], Iterable[Hashable]]] = field(default_factory=dict)

    def __repr__(self) -> str:
        return f"Table({self.name})"


def exported(export_to: tuple[str, ...], owner: str, namespace: str) -> bool:
    """True when an object of namespace `owner` may be seen from `namespace`."""
    if not export_to or "*" in export_to:
        return True
    return namespace in export_to or ("." in export_to and owner == namespace)


def only_for(export_to: tuple[str, ...], owner: str) -> tuple[str, ...]:
    """The namespaces that alone may see an object of namespace `owner`; () for one that all may see."""
    if "*" in (export_to or ("*",)):
        return ()
    return tuple(owner if to == "." else to for to in export_to)


def _shared(rules: RouteRules) -> bool:
    """True for rules of the mesh that clients of every namespace see."""
    return MESH_GATEWAY in rules.gateways and not only_for(rules.export_to, rules.ref.namespace)


def _addressed(service: Service, http: bool) -> Iterable[tuple[str, int]]:
    """Addresses and ports where the service is called by HTTP, or by what is not."""
    ports = [p.port for p in service.ports if (p.protocol.is_http if http else p.protocol.is_l4)]
    return ((address, port) for address in service.virtual_ips for port in ports)


MESH: Table[MeshConfig] = Table("mesh")
MESH_KEY = "mesh"
"""The key of the only row of MESH."""
SERVICES: Table[Service] = Table(
    "services",
    {
        "hostname": lambda s: (s.hostname,),
        "namespace": lambda s: (s.namespace,),
        "only_for": lambda s: only_for(s.export_to, s.namespace),
        "grpc_port": lambda s: {port.port for port in s.ports if port.protocol is Protocol.GRPC},
        "http_at": lambda s: _addressed(s, http=True),
        "bound": lambda s: _addressed(s, http=False),
        "by_port": lambda s: (port.port for port in s.ports if s.goes_by_port and port.protocol.is_l4),
        "from_entry": lambda s: (bool(s.entry),),
        "dynamic": lambda s: (s.resolution is Resolution.DYNAMIC_DNS,),
    },
)
ALIASES: Table[Alias] = Table("aliases", {"hostname": lambda a: (a.hostname,)})
ENDPOINT_SLICES: Table[EndpointSlice] = Table(
    "endpoint_slices", {"service": lambda s: ((s.namespace, s.hostname, bool(s.entry)),)}
)
WORKLOADS: Table[Workload] = Table("workloads", {"namespace": lambda w: (w.namespace,), "ip": lambda w: (w.ip,)})
NODES: Table[Locality] = Table("nodes")
"""Where pods run, by the name of their node."""
WORKLOAD_ENTRIES: Table[WorkloadInstance] = Table("workload_entries", {"namespace": lambda w: (w.namespace,)})
READY_PODS: Table[WorkloadInstance] = Table("ready_pods", {"namespace": lambda w: (w.namespace,)})
ROUTE_RULES: Table[RouteRules] = Table(
    "route_rules",
    {
        "host": lambda r: r.hosts,
        "gateway": lambda r: r.gateways,
        "shared_http_host": lambda r: r.hosts if r.http and _shared(r) else (),
        "destination": lambda r: {destination.host for destination in r.destinations()},
        "only_for": lambda r: only_for(r.export_to, r.ref.namespace),
        "source_namespace": lambda r: r.source_namespaces,
        "asks_labels": lambda r: (bool(r.asked_labels),),
        "delegate": lambda r: {route.delegate for route in r.delegated},
    },
)
DELEGATES: Table[RouteRules] = Table("delegates")
"""Rules without hosts, whose routes are in ROUTE_RULES as part of the rules that delegate to them."""
DESTINATIONS: Table[DestinationPolicy] = Table(
    "destinations",
    {
        "host": lambda d: (d.host,),
        "namespace": lambda d: (d.ref.namespace,),
        "only_for": lambda d: only_for(d.export_to, d.ref.namespace),
        "selecting": lambda d: (d.ref.namespace,) if d.selector else (),
        "credential": lambda d: (bool(d.credentials),),
        "prefers": lambda d: (d.prefers,),
    },
)
SECRET_READERS: Table[bool] = Table("secret_readers")
"""Whether a service account may list the Secrets of its namespace, of those for whom it matters."""
GATEWAYS: Table[Gateway] = Table("gateways")
KEY_PAIRS: Table[KeyPair] = Table("key_pairs")
PEER_AUTHENTICATIONS: Table[PeerAuthentication] = Table(
    "peer_authentications", {"namespace": lambda p: (p.ref.namespace,)}
)
REQUEST_AUTHENTICATIONS: Table[RequestAuthentication] = Table(
    "request_authentications",
    {
        "namespace": lambda r: (r.ref.namespace,),
        "asked_issuer": lambda r: {rule.issuer for rule in r.rules if rule.asks_issuer},
    },
)
ISSUERS: Table[str] = Table("issuers")
"""Where an issuer says that its keys are, by its name."""
SIDECARS: Table[Sidecar] = Table("sidecars", {"namespace": lambda s: (s.ref.namespace,)})
PROXY_CONFIGS: Table[ProxyConfig] = Table("proxy_configs", {"namespace": lambda c: (c.ref.namespace,)})
TELEMETRIES: Table[Telemetry] = Table("telemetries", {"namespace": lambda t: (t.ref.namespace,)})
AUTHORIZATIONS: Table[AuthorizationPolicy] = Table("authorizations", {"namespace": lambda p: (p.ref.namespace,)})

Change = tuple[Table[Any], str, Any]
"""(table, key, the new object or None when it is gone)."""
