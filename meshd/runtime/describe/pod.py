"""What acts on the inbound side of a pod, and the services it is part of."""

from typing import Any

from meshd.model.labels import selects
from meshd.model.memo import Reader
from meshd.model.service import Workload
from meshd.model.tables import GATEWAYS
from meshd.model.target import applies_to
from meshd.networking.authentication.key_servers import authentications_in
from meshd.networking.authorization.filters import policies_for
from meshd.networking.lookup import services_of_workload
from meshd.networking.mtls import mtls_mode, mtls_ports, peer_authentications
from meshd.runtime.describe.service import Waiting, describe_service

BUILT_IN = "the mesh's default"


def describe_pod(read: Reader, pod: Workload, waiting: Waiting) -> dict[str, Any]:
    """`mutual_tls`: what each port accepts and which object says so. `services` as describe_service has them."""
    services = services_of_workload(read, pod.namespace, pod.labels)
    return {
        "pod": pod.name,
        "namespace": pod.namespace,
        "workload": pod.workload_name,
        "service_account": pod.service_account,
        "sidecar": pod.in_mesh,
        "mutual_tls": [_mutual_tls(read, pod, port) for port in _ports(read, pod)],
        "authorization": [
            {"object": str(policy.ref), "action": policy.action.value, "rules": len(policy.rules)}
            for policy in policies_for(read, pod.namespace, pod.labels)
        ],
        "request_authentication": _request_authentications(read, pod),
        "gateways": [str(g.ref) for g in read.all(GATEWAYS) if not pod.in_mesh and selects(g.selector, pod.labels)],
        "services": [describe_service(read, service, waiting) for service in services],
    }


def _ports(read: Reader, pod: Workload) -> tuple[int, ...]:
    """0 for all, and those with a mode of their own; none without a sidecar, which would ask for it."""
    return (0, *mtls_ports(read, pod.namespace, pod.labels)) if pod.in_mesh else ()


def _mutual_tls(read: Reader, pod: Workload, port: int) -> dict[str, Any]:
    mode = mtls_mode(read, pod.namespace, pod.labels, port)
    return {"port": port or "all", "mode": mode.value, "from": _origin(read, pod, port)}


def _origin(read: Reader, pod: Workload, port: int) -> str:
    policies = peer_authentications(read, pod.namespace, pod.labels)
    if port and policies and port in dict(policies[0].port_modes):
        return str(policies[0].ref)
    return next((str(policy.ref) for policy in policies if policy.mode is not None), BUILT_IN)


def _request_authentications(read: Reader, pod: Workload) -> list[str]:
    found = authentications_in(read, pod.namespace)
    return [str(each.ref) for each in found if applies_to(each, pod.namespace, pod.labels)]
