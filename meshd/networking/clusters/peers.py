"""What the workloads behind a service have in common: who they are, and whether they take mutual TLS."""

from meshd.model.memo import Reader
from meshd.model.mesh import spiffe_id
from meshd.model.security import MtlsMode
from meshd.model.service import Service, Workload
from meshd.networking.lookup import mesh_config
from meshd.networking.mtls import mtls_mode
from meshd.networking.service_endpoints import service_endpoints


def takes_mtls(read: Reader, workload: Workload, port: int) -> bool:
    """True when the workload has a sidecar that does not refuse mutual TLS on its `port`."""
    if not workload.in_mesh:
        return False
    return read.query(mtls_mode, workload.namespace, workload.labels, port) is not MtlsMode.DISABLE


def endpoint_identities(read: Reader, service: Service, number: int) -> tuple[str, ...]:
    """Who the servers behind a service's port may be: SPIFFE ids of the workloads, and what a ServiceEntry names."""
    mesh = read.query(mesh_config)
    found = {
        spiffe_id(trust_domain, each.workload.namespace, each.workload.service_account)
        for each in read.query(service_endpoints, service.namespace, service.hostname, number)
        if each.workload is not None and each.workload.in_mesh and each.workload.service_account
        for trust_domain in (mesh.trust_domain, *mesh.trust_domain_aliases)
    }
    return tuple(sorted(found.union(service.subject_alt_names)))


def endpoints_taking_mtls(read: Reader, service: Service, number: int) -> str:
    """How many of the endpoints do: "all", "some" or "none"."""
    if service.external:
        return "none"
    answers = {
        each.workload is not None and takes_mtls(read, each.workload, each.port)
        for each in read.query(service_endpoints, service.namespace, service.hostname, number)
    }
    if len(answers) == 2:
        return "some"
    return "all" if True in answers else "none"
