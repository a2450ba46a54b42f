"""What proxies have in common: proxies with an equal scope get the same bytes."""

from dataclasses import dataclass

from meshd.model.labels import Labels
from meshd.model.service import Proxy


@dataclass(frozen=True, slots=True)
class OutboundScope:
    """All proxies of a namespace see the same destinations."""

    namespace: str


@dataclass(frozen=True, slots=True)
class WorkloadScope:
    """What the inbound side of a workload depends on: the same for all pods of a ReplicaSet."""

    namespace: str
    labels: Labels
    container_ports: tuple[tuple[str, int], ...]


def outbound_scope(proxy: Proxy) -> OutboundScope:
    return OutboundScope(proxy.workload.namespace)


def sidecar_outbound_scope(proxy: Proxy) -> OutboundScope | None:
    return None if proxy.is_gateway else outbound_scope(proxy)


def _workload_scope(proxy: Proxy) -> WorkloadScope:
    workload = proxy.workload
    return WorkloadScope(workload.namespace, workload.labels, workload.container_ports)


def sidecar_inbound_scope(proxy: Proxy) -> WorkloadScope | None:
    return None if proxy.is_gateway else _workload_scope(proxy)


def gateway_scope(proxy: Proxy) -> WorkloadScope | None:
    return _workload_scope(proxy) if proxy.is_gateway else None
