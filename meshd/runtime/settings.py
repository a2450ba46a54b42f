"""meshd's settings: the file mesh.yaml, and the words of the command line.

The file is YAML (so JSON too). A key that is not known is an error: a typing mistake must not pass silently.
"""

import argparse
from collections.abc import Iterator, Sequence
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Literal

import msgspec

from meshd.api.istio.load_balancer import LocalityLoadBalancerSetting, ZoneAwareLoadBalancerSetting
from meshd.api.problem import Problem
from meshd.api.translate.locality import translate_locality, translate_zone_aware
from meshd.api.validate.locality import check_locality, check_zone_aware
from meshd.inject.settings import InjectSettings
from meshd.model.mesh import MeshConfig, PathNormalization
from meshd.runtime.extension_providers import ExtensionProvider, ProviderError, ext_authz_providers, providers_of


class StartError(Exception):
    """meshd cannot start; one line that says why and what to do."""


class Zipkin(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    host: str = ""
    port: int = 9411


class Tracing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`sampling` is in percent."""

    sampling: float = 100.0
    zipkin: Zipkin = Zipkin()


class PathNormalizationSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is made of a request's path before policies look at it; DEFAULT is BASE."""

    normalization: Literal["DEFAULT", "NONE", "BASE", "MERGE_SLASHES", "DECODE_AND_MERGE_SLASHES"] = "DEFAULT"

    @property
    def kind(self) -> PathNormalization:
        return PathNormalization("BASE" if self.normalization == "DEFAULT" else self.normalization)


class OutboundTrafficPolicy(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What becomes of traffic for hosts that no service has, where no Sidecar says otherwise."""

    mode: Literal["ALLOW_ANY", "REGISTRY_ONLY"] = "ALLOW_ANY"


class Sidecar(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """Of injected proxies; see InjectSettings."""

    image_pull_policy: str = "IfNotPresent"
    concurrency: int = 2
    log_level: str = "warning"
    cpu_request: str = "10m"
    memory_request: str = "64Mi"
    cpu_limit: str = ""
    memory_limit: str = "1Gi"
    image_types: dict[str, str] = {}


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """mesh.yaml. `workload_certificate_hours` is the life of a workload's certificate."""

    trust_domain: str = "cluster.local"
    trust_domain_aliases: tuple[str, ...] = ()
    root_namespace: str = "istio-system"
    cluster_domain: str = "cluster.local"
    proxy_image: str = "mesh-stack/proxy"
    tracing: Tracing = Tracing()
    access_log: bool = False
    outbound_traffic_policy: OutboundTrafficPolicy = OutboundTrafficPolicy()
    path_normalization: PathNormalizationSettings = PathNormalizationSettings()
    extension_providers: tuple[ExtensionProvider, ...] = ()
    locality_lb_setting: LocalityLoadBalancerSetting = LocalityLoadBalancerSetting()
    zone_aware_lb_setting: ZoneAwareLoadBalancerSetting | None = None
    hold_unresolved_rules: bool = True
    write_status: bool = True
    workload_certificate_hours: float = 24.0
    sidecar: Sidecar = Sidecar()

    @property
    def mesh(self) -> MeshConfig:
        zone_aware = self.zone_aware_lb_setting
        return MeshConfig(
            trust_domain=self.trust_domain,
            trust_domain_aliases=self.trust_domain_aliases,
            root_namespace=self.root_namespace,
            cluster_domain=self.cluster_domain,
            zipkin_host=self.tracing.zipkin.host,
            zipkin_port=self.tracing.zipkin.port,
            tracing_sampling=self.tracing.sampling,
            access_log=self.access_log,
            registry_only=self.outbound_traffic_policy.mode == "REGISTRY_ONLY",
            path_normalization=self.path_normalization.kind,
            ext_authz_providers=ext_authz_providers(self.extension_providers),
            hold_unresolved_rules=self.hold_unresolved_rules,
            extension_providers=providers_of(self.extension_providers),
            locality_lb_setting=translate_locality(self.locality_lb_setting),
            zone_aware_lb_setting=translate_zone_aware(zone_aware) if zone_aware else None,
        )

    @property
    def inject(self) -> InjectSettings:
        return InjectSettings(
            proxy_image=self.proxy_image,
            discovery_address=f"{SERVICE}.{self.root_namespace}.svc:{XDS_PORT}",
            mesh=self.mesh,
            **msgspec.structs.asdict(self.sidecar),
        )

    @property
    def workload_certificate_ttl(self) -> timedelta:
        return timedelta(hours=self.workload_certificate_hours)

    @property
    def serving_names(self) -> tuple[str, ...]:
        """What meshd is called by."""
        service = f"{SERVICE}.{self.root_namespace}"
        return (f"{service}.svc", f"{service}.svc.{self.cluster_domain}", service, SERVICE, "localhost")


SERVICE = "meshd"
XDS_PORT, WEBHOOK_PORT, MONITORING_PORT, ADMIN_PORT = 15012, 15017, 15014, 15080


def load_settings(path: Path) -> Settings:
    """Raises StartError."""
    try:
        text = path.read_bytes()
    except OSError as error:
        raise StartError(f"cannot read the settings: {error}") from None
    import yaml  # only at the start, and only for this

    try:
        settings = msgspec.convert(yaml.safe_load(text) or {}, Settings)
        ext_authz_providers(settings.extension_providers)
        providers_of(settings.extension_providers)
    except yaml.YAMLError as error:
        raise StartError(f"{path} is not YAML: {' '.join(str(error).split())}") from None
    except (msgspec.ValidationError, ProviderError) as error:
        raise StartError(f"{path}: {error}") from None
    if not 0 <= settings.tracing.sampling <= 100:
        raise StartError(f"{path}: tracing.sampling is a percentage, from 0 to 100")
    for problem in _problems(settings):
        raise StartError(f"{path}: {problem}")
    if not 0 < settings.workload_certificate_hours <= 24 * 365:
        raise StartError(f"{path}: workloadCertificateHours must be above 0 and at most a year")
    return settings


def _problems(settings: Settings) -> Iterator[Problem]:
    yield from check_locality(settings.locality_lb_setting, "localityLbSetting")
    if settings.zone_aware_lb_setting is not None:
        yield from check_zone_aware(settings.zone_aware_lb_setting, "zoneAwareLbSetting")


def read_arguments(words: Sequence[str] | None = None) -> argparse.Namespace:
    """The command line. Exits with usage for wrong words."""
    parser = argparse.ArgumentParser("meshd", description="The control plane of the mesh.")
    parser.add_argument("--config", type=Path, default=Path("/etc/meshd/mesh.yaml"), help="settings file")
    parser.add_argument(
        "--ca", type=Path, default=Path("/etc/meshd/ca"), help="folder with the root's tls.crt and tls.key"
    )
    parser.add_argument("--kubeconfig", type=Path, help="default: the pod's service account")
    parser.add_argument("--xds", default=f"[::]:{XDS_PORT}", metavar="HOST:PORT", help="delta ADS over TLS")
    parser.add_argument("--http-host", metavar="HOST", help="of webhooks and metrics; default: every address")
    parser.add_argument("--webhook-port", type=int, default=WEBHOOK_PORT)
    parser.add_argument("--monitoring-port", type=int, default=MONITORING_PORT)
    parser.add_argument("--admin-port", type=int, default=ADMIN_PORT, help="on loopback only")
    parser.add_argument(
        "--insecure-xds",
        type=_loopback,
        metavar="HOST:PORT",
        help="delta ADS without TLS and tokens as well, for benchmarks: loopback addresses only",
    )
    parser.add_argument("--log-level", default="info", choices=("debug", "info", "warning", "error"))
    return parser.parse_args(words)


def _loopback(address: str) -> str:
    host, _, port = address.rpartition(":")
    try:
        safe = port.isdigit() and ip_address(host.strip("[]")).is_loopback
    except ValueError:
        safe = False
    if not safe:
        raise argparse.ArgumentTypeError(f"{address} is not a loopback address with a port, as 127.0.0.1:15010")
    return address
