"""WorkloadEntry -> WorkloadInstance; also the endpoints within a ServiceEntry, which have the same fields."""

from meshd.api.istio.workload_entry import WorkloadEntry
from meshd.api.object import IstioObject
from meshd.model.labels import labels_of
from meshd.model.locality import locality_of
from meshd.model.mesh import MeshConfig
from meshd.model.service import Endpoint, Workload, WorkloadInstance

TLS_MODE = "security.istio.io/tlsMode"
"""Label that says "istio" where a proxy takes mutual TLS for the workload."""
UNIX = "unix://"


def translate_workload_entry(istio_object: IstioObject[WorkloadEntry], mesh: MeshConfig) -> WorkloadInstance | None:
    """The object's own labels count as much as those in its spec. Without an IP address or name: None."""
    spec, metadata = istio_object.spec, istio_object.metadata
    if not spec.address or is_socket(spec.address):
        return None
    endpoint = translate_endpoint(spec, metadata.namespace, metadata.name, metadata.labels)
    labels = labels_of({**metadata.labels, **spec.labels})
    return WorkloadInstance(metadata.namespace, metadata.name, labels, endpoint)


def translate_endpoint(
    entry: WorkloadEntry, namespace: str, name: str, more_labels: dict[str, str] | None = None
) -> Endpoint:
    """One address and what is known of who listens there, which may be nothing."""
    labels = {**(more_labels or {}), **entry.labels}
    peer = Workload(
        namespace=namespace,
        name=name,
        uid="",
        ip=entry.address,
        labels=labels_of(labels),
        service_account=entry.service_account,
        workload_name=name,
        in_mesh=_takes_mtls(labels, entry.service_account),
    )
    return Endpoint(
        address=entry.address,
        locality=locality_of(entry.locality),
        weight=entry.weight or 1,
        ports=tuple(sorted(entry.ports.items())),
        peer=peer if labels or entry.service_account else None,
    )


def is_socket(address: str) -> bool:
    """Whether it is a path in the file system, which another pod's proxy does not reach."""
    return address.startswith(UNIX)


def _takes_mtls(labels: dict[str, str], service_account: str) -> bool:
    """The label decides; without it, an identity means that there is a proxy to show it.

    https://istio.io/latest/docs/reference/config/networking/workload-entry/
    """
    return labels.get(TLS_MODE, "istio" if service_account else "") == "istio"
