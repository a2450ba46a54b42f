"""Pod → Workload, and what selectors of ServiceEntries find while it is ready."""

from __future__ import annotations

import re

import msgspec

from meshd.ingest.kind import Rows, WatchedKind
from meshd.ingest.kubernetes.metadata import ObjectMeta
from meshd.model.labels import labels_of
from meshd.model.service import Endpoint, Workload, WorkloadInstance
from meshd.model.tables import READY_PODS, WORKLOADS, Change

PROXY_CONTAINER = "istio-proxy"
INJECTED = "sidecar.istio.io/status"
"""Annotation that the injector sets."""
TLS_MODE = "security.istio.io/tlsMode"
"""Label that says "istio" where a sidecar takes mutual TLS for the pod; people may set "disabled"."""
TEMPLATE_HASH = "pod-template-hash"
_OVER = frozenset(("Succeeded", "Failed"))
_CRON_RUN = re.compile(r"-\d{8,}$")
_ISTIO_DOMAIN = re.compile(r"(^|\.)istio\.io/")


class _ContainerPort(msgspec.Struct, frozen=True, rename="camel"):
    container_port: int
    name: str = ""


class _Container(msgspec.Struct, frozen=True):
    name: str
    ports: list[_ContainerPort] | None = None


class _Spec(msgspec.Struct, frozen=True, rename="camel"):
    containers: list[_Container]
    init_containers: list[_Container] = []
    service_account_name: str = "default"
    host_network: bool = False
    node_name: str = ""


class _Condition(msgspec.Struct, frozen=True):
    type: str = ""
    status: str = ""


class _Status(msgspec.Struct, frozen=True):
    phase: str = ""
    conditions: list[_Condition] | None = None
    pod_ip: str = msgspec.field(default="", name="podIP")


class _Pod(msgspec.Struct, frozen=True):
    metadata: ObjectMeta
    spec: _Spec
    status: _Status = _Status()


_DECODER = msgspec.json.Decoder(_Pod)


def watched() -> WatchedKind:
    return WatchedKind("Pod", "/api/v1/pods", rows)


def rows(raw: bytes) -> Rows:
    """A row from the pod's creation on (its address may still be empty), none once all it does is over."""
    pod = _DECODER.decode(raw)
    if pod.status.phase in _OVER:
        return ()
    metadata, spec = pod.metadata, pod.spec
    row = Workload(
        namespace=metadata.namespace,
        name=metadata.name,
        uid=metadata.uid,
        ip=pod.status.pod_ip,
        labels=labels_of(metadata.labels),
        service_account=spec.service_account_name,
        workload_name=workload_name(metadata),
        in_mesh=_in_mesh(pod),
        node=spec.node_name,
        container_ports=_container_ports(spec),
        annotations=labels_of({k: v for k, v in metadata.annotations.items() if _ISTIO_DOMAIN.search(k)}),
    )
    workload: Change = (WORKLOADS, metadata.key, row)
    if not _takes_traffic(pod):
        return (workload,)
    endpoint = Endpoint(row.ip, metadata.key)
    instance = WorkloadInstance(metadata.namespace, metadata.name, row.labels, endpoint)
    return (workload, (READY_PODS, metadata.key, instance))


def _takes_traffic(pod: _Pod) -> bool:
    """Kubernetes asks the same of the endpoints of its own Services."""
    is_ready = any(each.type == "Ready" and each.status == "True" for each in pod.status.conditions or ())
    return is_ready and bool(pod.status.pod_ip) and pod.metadata.deletion_timestamp is None


def workload_name(metadata: ObjectMeta) -> str:
    """The Deployment, CronJob or other owner that people know the pod by; its own name when it has none.

    A ReplicaSet's name is its Deployment's with the hash that the pod has as a label; a Job's is that of its
    CronJob with the time of the run. A Node is the owner of static pods.
    """
    owner = next((each for each in metadata.owner_references if each.controller), None)
    if owner is None or owner.kind == "Node":
        return metadata.name
    if owner.kind == "ReplicaSet":
        template_hash = metadata.labels.get(TEMPLATE_HASH, "")
        return owner.name.removesuffix(f"-{template_hash}") if template_hash else owner.name
    return _CRON_RUN.sub("", owner.name) if owner.kind == "Job" else owner.name


def _in_mesh(pod: _Pod) -> bool:
    """True when a sidecar takes the pod's traffic; a gateway's proxy is none."""
    names = {container.name for container in (*pod.spec.init_containers, *pod.spec.containers)}
    return (
        PROXY_CONTAINER in names
        and INJECTED in pod.metadata.annotations
        and pod.metadata.labels.get(TLS_MODE) == "istio"
        and not pod.spec.host_network
    )


def _container_ports(spec: _Spec) -> tuple[tuple[str, int], ...]:
    containers = (*spec.containers, *spec.init_containers)
    ports = (port for each in containers if each.name != PROXY_CONTAINER for port in each.ports or ())
    return tuple(sorted({(port.name, port.container_port) for port in ports if port.name}))
