"""Settings that hold for the whole mesh."""

from dataclasses import dataclass
from enum import Enum

from meshd.model.ext_authz import ExtAuthzProvider
from meshd.model.locality import NEAREST, LocalityLbSetting
from meshd.model.provider import ENVOY, ZIPKIN, Collector, FileLog, PrometheusMetrics, Provider, ZipkinTracing


class PathNormalization(Enum):
    """What is made of a request's path before anything looks at it; each does what those before it do.

    https://istio.io/latest/docs/reference/config/istio.mesh.v1alpha1/ (ProxyPathNormalization)
    """

    NONE = "NONE"
    BASE = "BASE"
    """Dot segments and backslashes are resolved (RFC 3986, section 6)."""
    MERGE_SLASHES = "MERGE_SLASHES"
    DECODE_AND_MERGE_SLASHES = "DECODE_AND_MERGE_SLASHES"


@dataclass(frozen=True, slots=True)
class MeshConfig:
    """Mesh-wide settings, the counterpart of Istio's MeshConfig.

    `tracing_sampling` is in percent (0-100); an empty `zipkin_host` turns tracing off.
    https://istio.io/latest/docs/reference/config/istio.mesh.v1alpha1/
    """

    trust_domain: str = "cluster.local"
    trust_domain_aliases: tuple[str, ...] = ()
    """Trust domains whose workloads count as those of `trust_domain`."""
    root_namespace: str = "istio-system"
    cluster_domain: str = "cluster.local"
    zipkin_host: str = ""
    zipkin_port: int = 9411
    tracing_sampling: float = 100.0
    access_log: bool = False
    registry_only: bool = False
    """Traffic for hosts that no service has is closed, not passed on, where no Sidecar says otherwise."""
    path_normalization: PathNormalization = PathNormalization.BASE
    ext_authz_providers: tuple[ExtAuthzProvider, ...] = ()
    hold_unresolved_rules: bool = True
    """Rules that name what is not there wait (meshd.model.hold). False: they take effect and give 503, as in Istio."""
    extension_providers: tuple[Provider, ...] = ()
    """Where telemetry may go besides the providers that there are anyhow."""

    locality_lb_setting: LocalityLbSetting = NEAREST
    """For destinations whose DestinationRule has none of its own."""
    zone_aware_lb_setting: LocalityLbSetting | None = None
    """If enabled it goes before `locality_lb_setting`."""

    @property
    def preference(self) -> LocalityLbSetting:
        """Which endpoints clients prefer where no DestinationRule says."""
        zone_aware = self.zone_aware_lb_setting
        return zone_aware if zone_aware is not None and zone_aware.enabled else self.locality_lb_setting

    @property
    def providers(self) -> tuple[Provider, ...]:
        """All of them; those that are asked for go before those that there are anyhow."""
        built_in: tuple[Provider, ...] = (FileLog(ENVOY), PrometheusMetrics())
        if self.zipkin_host:
            built_in = (*built_in, ZipkinTracing(ZIPKIN, Collector(self.zipkin_host, self.zipkin_port)))
        return (*self.extension_providers, *built_in)

    def ext_authz_provider(self, name: str) -> ExtAuthzProvider | None:
        """Who decides under `name` for policies with CUSTOM."""
        return next((each for each in self.ext_authz_providers if each.name == name), None)

    def provider(self, name: str) -> Provider | None:
        """The provider that objects know under `name`."""
        return next((each for each in self.providers if each.name == name), None)


def spiffe_id(trust_domain: str, namespace: str, service_account: str) -> str:
    """The workload's identity (SPIFFE-ID, section 2; Istio's path layout)."""
    return f"spiffe://{trust_domain}/ns/{namespace}/sa/{service_account}"
