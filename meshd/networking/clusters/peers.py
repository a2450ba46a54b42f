"""What the workloads behind a service have in common: who they are, and whether they take mutual TLS."""

from collections.abc import Iterator

from meshd.model.memo import Reader
from meshd.model.mesh import spiffe_id
from meshd.model.security import MtlsMode
from meshd.model.service import Workload
from meshd.model.tables import ENDPOINT_SLICES, WORKLOADS
from meshd.networking.lookup import mesh_config
from meshd.networking.mtls import mtls_mode


def takes_mtls(read: Reader, workload: Workload, port: int) -> bool:
    """True when the workload has a sidecar that does not refuse mutual TLS on its `port`."""
    if not workload.in_mesh:
        return False
    return read.query(mtls_mode, workload.namespace, workload.labels, port) is not MtlsMode.DISABLE


def endpoint_identities(read: Reader, hostname: str, port_name: str) -> tuple[str, ...]:
    """SPIFFE ids of the workloads behind a service's port: who the server may be."""
    mesh = read.query(mesh_config)
    found = {
        spiffe_id(trust_domain, workload.namespace, workload.service_account)
        for workload, _ in _endpoints(read, hostname, port_name)
        if workload is not None and workload.in_mesh
        for trust_domain in (mesh.trust_domain, *mesh.trust_domain_aliases)
    }
    return tuple(sorted(found))


def endpoints_taking_mtls(read: Reader, hostname: str, port_name: str) -> str:
    """How many of the endpoints do: "all", "some" or "none"."""
    answers = {
        workload is not None and takes_mtls(read, workload, port)
        for workload, port in _endpoints(read, hostname, port_name)
    }
    if len(answers) == 2:
        return "some"
    return "all" if True in answers else "none"


def _endpoints(read: Reader, hostname: str, port_name: str) -> Iterator[tuple[Workload | None, int]]:
    for endpoint_slice in read.find(ENDPOINT_SLICES, "hostname", hostname):
        port = dict(endpoint_slice.ports).get(port_name)
        for endpoint in endpoint_slice.endpoints if port is not None else ():
            yield read.get(WORKLOADS, endpoint.workload) if endpoint.workload else None, port or 0
