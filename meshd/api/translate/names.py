"""Names as people write them to names that are unique in the mesh."""

from meshd.api.istio.message import Message, seconds
from meshd.api.istio.selector import WorkloadSelector
from meshd.api.object import IstioObject
from meshd.model.labels import Labels, labels_of
from meshd.model.mesh import MeshConfig
from meshd.model.reference import ObjectRef
from meshd.model.route import MESH_GATEWAY


def ref_of(istio_object: IstioObject[Message]) -> ObjectRef:
    meta = istio_object.metadata
    return ObjectRef(istio_object.kind, meta.namespace, meta.name)


def created(istio_object: IstioObject[Message]) -> str:
    return istio_object.metadata.creation_timestamp or ""


def fqdn(host: str, namespace: str, mesh: MeshConfig) -> str:
    """A host without a dot is a service of the object's own namespace.

    https://istio.io/latest/docs/reference/config/networking/virtual-service/#Destination
    """
    if "." in host or host == "*":
        return host.lower()
    return f"{host.lower()}.{namespace}.svc.{mesh.cluster_domain}"


def gateway_key(name: str, namespace: str) -> str:
    """ "namespace/name"; "mesh" stays, a bare name is of the object's own namespace.

    "name.namespace" and what may follow it is how gateways of other namespaces were named once.
    """
    if name == MESH_GATEWAY:
        return name
    owner, slash, own = name.rpartition("/")
    if slash:
        return f"{namespace if owner == '.' else owner}/{own}"
    own, dot, rest = name.partition(".")
    return f"{rest.partition('.')[0] if dot else namespace}/{own}"


def optional_seconds(duration: str | None) -> float:
    return seconds(duration) if duration is not None else 0.0


def selector_labels(selector: WorkloadSelector | None) -> Labels:
    return labels_of(selector.match_labels) if selector else ()
