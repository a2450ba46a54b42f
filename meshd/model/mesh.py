"""Settings that hold for the whole mesh."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class MeshConfig:
    """Mesh-wide settings, the counterpart of Istio's MeshConfig.

    `tracing_sampling` is in percent (0-100); an empty `zipkin_host` turns tracing off.
    https://istio.io/latest/docs/reference/config/istio.mesh.v1alpha1/
    """

    trust_domain: str = "cluster.local"
    root_namespace: str = "istio-system"
    cluster_domain: str = "cluster.local"
    zipkin_host: str = ""
    zipkin_port: int = 9411
    tracing_sampling: float = 100.0
    access_log: bool = False
    registry_only: bool = False
    """Traffic for hosts that no service has is closed, not passed on, where no Sidecar says otherwise."""
    hold_unresolved_rules: bool = True
    """Rules that name what is not there wait (meshd.model.hold). False: they take effect and give 503, as in Istio."""


def spiffe_id(trust_domain: str, namespace: str, service_account: str) -> str:
    """The workload's identity (SPIFFE-ID, section 2; Istio's path layout)."""
    return f"spiffe://{trust_domain}/ns/{namespace}/sa/{service_account}"
