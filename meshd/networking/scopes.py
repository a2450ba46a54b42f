"""What proxies have in common: proxies with an equal scope get the same bytes.

What a proxy sees of the mesh is laid in layers. Nearly all of it is the same from every namespace and computed once;
only what rules say for some clients alone is computed for those, and goes before it.

    proxy -> ProxyScope -> networking.visibility: OutboundScope OWN, then SHARED (or WHOLE with a Sidecar)
                        -> WorkloadScope: its inbound side, or a gateway's servers
"""

from dataclasses import dataclass, field, replace
from enum import Enum

from meshd.model.labels import Labels
from meshd.model.locality import NOWHERE, Locality, Zones
from meshd.model.service import Proxy, Workload


class Layer(Enum):
    SHARED = "shared"
    """What clients of every namespace see alike."""
    OWN = "own"
    """What clients of one namespace see otherwise, or alone; goes before SHARED."""
    WHOLE = "whole"
    """All that a Sidecar lets its workloads see, in one layer."""


@dataclass(frozen=True, slots=True)
class OutboundScope:
    """Clients that see the same destinations.

    `namespace` is the clients', "" in SHARED. `labels` are those of their labels that some rule asks for, `locality` is
    where they run if some rule asks for that, `peers` how many of their kind run where. `sidecar` is the key of the
    Sidecar that narrows the view of WHOLE.
    """

    namespace: str = ""
    labels: Labels = ()
    layer: Layer = Layer.SHARED
    sidecar: str = ""
    locality: Locality = NOWHERE
    peers: Zones = ()
    telemetries: tuple[str, ...] = ()
    """Keys of the Telemetry objects by which the clients' listeners report."""
    _hash: int = field(init=False, repr=False, compare=False)
    """Asked for a dozen times in each change."""

    def __post_init__(self) -> None:
        fields = (self.namespace, self.labels, self.layer, self.sidecar, self.locality, self.peers, self.telemetries)
        object.__setattr__(self, "_hash", hash(fields))

    def __hash__(self) -> int:
        return self._hash

    @property
    def view(self) -> "OutboundScope":
        """All clients that see the same, whatever their listeners report."""
        return replace(self, telemetries=()) if self.telemetries else self


SHARED = OutboundScope()


@dataclass(frozen=True, slots=True)
class WorkloadScope:
    """What the inbound side of a workload depends on: the same for all pods of a ReplicaSet."""

    namespace: str
    labels: Labels
    container_ports: tuple[tuple[str, int], ...]
    service_account: str = ""


@dataclass(frozen=True, slots=True)
class ProxyScope:
    """All that the configuration of a proxy depends on."""

    is_gateway: bool
    workload: WorkloadScope
    node: str = ""


def workload_scope(workload: Workload) -> WorkloadScope:
    return WorkloadScope(workload.namespace, workload.labels, workload.container_ports, workload.service_account)


def proxy_scope(proxy: Proxy) -> ProxyScope:
    return ProxyScope(proxy.is_gateway, workload_scope(proxy.workload), proxy.workload.node)
