"""What the suite is told about the mesh it judges: the --mesh-… options, as one typed object."""

from __future__ import annotations

import os
import shutil
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from conformance.features import FEATURES, parse_features


@dataclass(frozen=True)
class Settings:
    """The options' values; see `add_options` for what each means. None where something is not given."""

    kubeconfig: Path | None
    context: str | None
    kubectl: Path | None
    gateway_url: str | None
    gateway_https: str | None
    gateway_namespace: str
    gateway_selector: str
    gateway_workload: str
    prometheus_url: str | None
    zipkin_url: str | None
    proxy_container: str
    log_provider: str
    trace_provider: str
    image: str
    control_plane: str | None
    trust_domain: str
    injection_label: str
    rotate_command: str | None
    features: frozenset[str]
    skip_features: frozenset[str]
    report: Path | None
    run_id: str
    owns_namespaces: bool
    keep_namespaces: bool
    sabotage: Path | None

    @property
    def namespace(self) -> str:
        """Where the backends are, in the mesh."""
        return f"conf-{self.run_id}"

    @property
    def far_namespace(self) -> str:
        """A second namespace in the mesh, for callers from elsewhere."""
        return f"conf-{self.run_id}-far"

    @property
    def outside_namespace(self) -> str:
        """A namespace that the mesh leaves alone."""
        return f"conf-{self.run_id}-outside"


def add_options(parser: pytest.Parser) -> None:
    """Register the --mesh-… options."""
    group = parser.getgroup("mesh", "the mesh to judge")
    add = group.addoption
    add(
        "--mesh-kubeconfig",
        metavar="FILE",
        help="cluster to use; without it pytest-kind's cluster is used or created (--cluster-name, --kind-bin, …)",
    )
    add("--mesh-context", metavar="NAME", help="context within the kubeconfig (its current one)")
    add("--mesh-kubectl", metavar="FILE", help="kubectl (--kind-kubectl-bin, else the one on PATH)")
    add("--mesh-gateway-url", metavar="URL", help="where the ingress gateway's port 80 is reached from here")
    add("--mesh-gateway-https", metavar="HOST:PORT", help="where the ingress gateway's port 443 is reached from here")
    add("--mesh-gateway-namespace", default="istio-system", metavar="NS", help="namespace of the gateway's pods")
    add("--mesh-gateway-selector", default="istio=ingressgateway", metavar="K=V", help="label of the gateway's pods")
    add(
        "--mesh-gateway-workload",
        default="istio-ingressgateway",
        metavar="NAME",
        help="the gateway's name as source_workload in metrics",
    )
    add("--mesh-prometheus-url", metavar="URL", help="Prometheus that scrapes the mesh")
    add("--mesh-zipkin-url", metavar="URL", help="Zipkin that gets the mesh's spans; all requests sampled")
    add("--mesh-proxy-container", default="istio-proxy", metavar="NAME", help="the proxy's container in its pods")
    add("--mesh-log-provider", default="envoy", metavar="NAME", help="provider of logs in the proxy's own output")
    add("--mesh-trace-provider", default="zipkin", metavar="NAME", help="provider of spans that Zipkin gets")
    add("--mesh-image", default="python:3.11-slim", metavar="IMAGE", help="any image with python3 3.11 or later")
    add(
        "--mesh-control-plane",
        metavar="NS/DEPLOYMENT",
        help="control plane that may be scaled to zero for a while (resilience)",
    )
    add("--mesh-trust-domain", default="cluster.local", metavar="DOMAIN")
    add(
        "--mesh-injection-label",
        default="istio-injection=enabled",
        metavar="K=V",
        help="label that puts a namespace into the mesh",
    )
    add(
        "--mesh-rotate-command",
        metavar="COMMAND",
        help="shell command that makes the mesh replace its workload certificates now (rotation)",
    )
    add("--mesh-features", default="", metavar="A,B", help=f"features the mesh has (all): {', '.join(FEATURES)}")
    add("--mesh-skip-features", default="", metavar="A,B", help="features to leave out")
    add("--mesh-report", metavar="DIR", help="folder for report.json")
    add("--mesh-run-id", metavar="ID", help="use the namespaces of another run in progress (conf-ID, …)")
    add("--mesh-keep-namespaces", action="store_true", help="leave the test namespaces at the end")
    add("--mesh-sabotage", metavar="FILE", help="objects that replace the suite's own of the same kind and name")


def read_settings(config: pytest.Config) -> Settings:
    """The options' values. Raises pytest.UsageError for values that cannot be meant."""
    try:
        features = parse_features(config.getoption("mesh_features"))
        skip_features = parse_features(config.getoption("mesh_skip_features"))
    except ValueError as error:
        raise pytest.UsageError(str(error)) from error
    control_plane = config.getoption("mesh_control_plane")
    if control_plane is not None and control_plane.count("/") != 1:
        raise pytest.UsageError(f"--mesh-control-plane {control_plane} is not NAMESPACE/DEPLOYMENT")
    run_id = config.getoption("mesh_run_id")
    return Settings(
        kubeconfig=_file(config, "mesh_kubeconfig"),
        context=config.getoption("mesh_context"),
        kubectl=_kubectl(config),
        gateway_url=_url(config, "mesh_gateway_url"),
        gateway_https=config.getoption("mesh_gateway_https"),
        gateway_namespace=config.getoption("mesh_gateway_namespace"),
        gateway_selector=_label(config, "mesh_gateway_selector"),
        gateway_workload=config.getoption("mesh_gateway_workload"),
        prometheus_url=_url(config, "mesh_prometheus_url"),
        zipkin_url=_url(config, "mesh_zipkin_url"),
        proxy_container=config.getoption("mesh_proxy_container"),
        log_provider=config.getoption("mesh_log_provider"),
        trace_provider=config.getoption("mesh_trace_provider"),
        image=config.getoption("mesh_image"),
        control_plane=control_plane,
        trust_domain=config.getoption("mesh_trust_domain"),
        injection_label=_label(config, "mesh_injection_label"),
        rotate_command=config.getoption("mesh_rotate_command"),
        features=features,
        skip_features=skip_features,
        report=Path(config.getoption("mesh_report")) if config.getoption("mesh_report") else None,
        run_id=run_id or _new_run_id(),
        owns_namespaces=run_id is None,
        keep_namespaces=config.getoption("mesh_keep_namespaces"),
        sabotage=_file(config, "mesh_sabotage"),
    )


def _new_run_id() -> str:
    """Unique among runs on one cluster: time and process, under xdist one per worker process."""
    return f"{int(time.time()) % 0xFFFFF:05x}{os.getpid() % 0xFFFF:04x}"


def _file(config: pytest.Config, name: str) -> Path | None:
    value = config.getoption(name)
    if value is None:
        return None
    path = Path(value).expanduser().absolute()
    if not path.is_file():
        raise pytest.UsageError(f"--{name.replace('_', '-')}: there is no file {value}")
    return path


def _kubectl(config: pytest.Config) -> Path | None:
    given = config.getoption("mesh_kubectl") or config.getoption("kind_kubectl_bin") or shutil.which("kubectl")
    return Path(given).absolute() if given else None


def _url(config: pytest.Config, name: str) -> str | None:
    value: str | None = config.getoption(name)
    if value is None:
        return None
    if not value.startswith("http://"):
        raise pytest.UsageError(f"--{name.replace('_', '-')} {value} does not begin with http://")
    return value.rstrip("/")


def _label(config: pytest.Config, name: str) -> str:
    value: str = config.getoption(name)
    if value.count("=") != 1:
        raise pytest.UsageError(f"--{name.replace('_', '-')} {value} is not KEY=VALUE")
    return value
