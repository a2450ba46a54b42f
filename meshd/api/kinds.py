"""Which kinds the API has, under which names and versions. CRDs, decoding and watches all read this table.

EnvoyFilter and WasmPlugin are left out on purpose: both depend on one proxy's inner build.
"""

from __future__ import annotations

from msgspec import Struct

from . import istio
from .istio.message import Message

NETWORKING = "networking.istio.io"
SECURITY = "security.istio.io"
TELEMETRY = "telemetry.istio.io"


class PrinterColumn(Struct, frozen=True):
    """A column of `kubectl get`."""

    name: str
    json_path: str
    description: str
    type: str = "string"


AGE = PrinterColumn("Age", ".metadata.creationTimestamp", "When the object was created", "date")


class Kind(Struct, frozen=True, kw_only=True):
    """One kind: its names, its versions (all of one schema; `storage` is among `versions`) and its spec."""

    group: str
    kind: str
    plural: str
    short_names: tuple[str, ...] = ()
    versions: tuple[str, ...] = ("v1", "v1beta1", "v1alpha3")
    storage: str = "v1"
    spec: type[Message]
    columns: tuple[PrinterColumn, ...] = ()

    @property
    def singular(self) -> str:
        """The name of one object on the command line: "virtualservice"."""
        return self.kind.lower()

    @property
    def crd_name(self) -> str:
        """The name of its CustomResourceDefinition: "virtualservices.networking.istio.io"."""
        return f"{self.plural}.{self.group}"

    @property
    def api_versions(self) -> tuple[str, ...]:
        """Every apiVersion it is served under, the preferred one first: "networking.istio.io/v1"."""
        return tuple(f"{self.group}/{version}" for version in self.versions)

    def path(self, namespace: str = "") -> str:
        """Where the API server has its objects, in the preferred version: those of one namespace, or all."""
        place = f"/namespaces/{namespace}" if namespace else ""
        return f"/apis/{self.api_versions[0]}{place}/{self.plural}"


_SECURITY_VERSIONS = ("v1", "v1beta1")
_HOSTS = PrinterColumn("Hosts", ".spec.hosts", "The hosts this applies to")

KINDS: tuple[Kind, ...] = (
    Kind(
        group=NETWORKING,
        kind="VirtualService",
        plural="virtualservices",
        short_names=("vs",),
        spec=istio.VirtualService,
        columns=(
            PrinterColumn("Gateways", ".spec.gateways", "Where the routes apply; empty: in the mesh"),
            _HOSTS,
            AGE,
        ),
    ),
    Kind(
        group=NETWORKING,
        kind="DestinationRule",
        plural="destinationrules",
        short_names=("dr",),
        spec=istio.DestinationRule,
        columns=(PrinterColumn("Host", ".spec.host", "The service this applies to"), AGE),
    ),
    Kind(
        group=NETWORKING,
        kind="Gateway",
        plural="gateways",
        short_names=("gw",),
        spec=istio.Gateway,
        columns=(AGE,),
    ),
    Kind(
        group=NETWORKING,
        kind="ServiceEntry",
        plural="serviceentries",
        short_names=("se",),
        spec=istio.ServiceEntry,
        columns=(
            _HOSTS,
            PrinterColumn("Location", ".spec.location", "Whether the service is part of the mesh"),
            PrinterColumn("Resolution", ".spec.resolution", "How its endpoints are found"),
            AGE,
        ),
    ),
    Kind(
        group=NETWORKING,
        kind="WorkloadEntry",
        plural="workloadentries",
        short_names=("we",),
        spec=istio.WorkloadEntry,
        columns=(PrinterColumn("Address", ".spec.address", "Where the workload is reached"), AGE),
    ),
    Kind(
        group=NETWORKING,
        kind="WorkloadGroup",
        plural="workloadgroups",
        short_names=("wg",),
        spec=istio.WorkloadGroup,
        columns=(AGE,),
    ),
    Kind(group=NETWORKING, kind="Sidecar", plural="sidecars", spec=istio.Sidecar, columns=(AGE,)),
    Kind(
        group=NETWORKING,
        kind="ProxyConfig",
        plural="proxyconfigs",
        versions=("v1beta1",),
        storage="v1beta1",
        spec=istio.ProxyConfig,
        columns=(AGE,),
    ),
    Kind(
        group=SECURITY,
        kind="PeerAuthentication",
        plural="peerauthentications",
        short_names=("pa",),
        versions=_SECURITY_VERSIONS,
        spec=istio.PeerAuthentication,
        columns=(PrinterColumn("Mode", ".spec.mtls.mode", "Whether mutual TLS is demanded"), AGE),
    ),
    Kind(
        group=SECURITY,
        kind="RequestAuthentication",
        plural="requestauthentications",
        short_names=("ra",),
        versions=_SECURITY_VERSIONS,
        spec=istio.RequestAuthentication,
        columns=(AGE,),
    ),
    Kind(
        group=SECURITY,
        kind="AuthorizationPolicy",
        plural="authorizationpolicies",
        short_names=("ap",),
        versions=_SECURITY_VERSIONS,
        spec=istio.AuthorizationPolicy,
        columns=(PrinterColumn("Action", ".spec.action", "What happens to requests that fit"), AGE),
    ),
    Kind(
        group=TELEMETRY,
        kind="Telemetry",
        plural="telemetries",
        short_names=("telemetry",),
        versions=("v1", "v1alpha1"),
        storage="v1alpha1",
        spec=istio.Telemetry,
        columns=(AGE,),
    ),
)

BY_API_VERSION: dict[tuple[str, str], Kind] = {
    (api_version, kind.kind): kind for kind in KINDS for api_version in kind.api_versions
}
"""The kind of an object, by (apiVersion, kind)."""
