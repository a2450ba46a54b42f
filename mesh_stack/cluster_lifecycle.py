"""Makes, looks at and deletes the stack's cluster. Works on plain properties, as Pulumi hands them over.

`clusters` is imported inside the functions: the Pulumi program itself does not need it.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mesh_stack.settings import Settings
from toolchain.paths import state_dir

if TYPE_CHECKING:
    from clusters.provider import ClusterHandle, ClusterProvider, ClusterSpec

REPLACED_WHEN_CHANGED = ("clusterProvider", "clusterName", "ports", "kubeconfigFile", "contextName")


def spec_of(settings: Settings) -> dict[str, Any]:
    """The properties that make two clusters the same or not."""
    ports = dict(settings.host_ports) if settings.cluster_provider == "kind" else {}
    return {
        "clusterProvider": settings.cluster_provider,
        "clusterName": settings.cluster_name,
        "ports": ports,
        "kubeconfigFile": settings.kubeconfig or "",
        "contextName": settings.context or "",
    }


def changed(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """Properties whose change needs another cluster."""
    return [key for key in REPLACED_WHEN_CHANGED if old.get(key) != new.get(key)]


def create(props: Mapping[str, Any]) -> dict[str, Any]:
    """Outputs of a cluster that now exists and answers; one that is already there is taken as it is."""
    return _outputs(props, provider_of(props).create(_cluster_spec(props)))


def read(props: Mapping[str, Any]) -> dict[str, Any] | None:
    """Present outputs, or None when there is no such cluster any more."""
    handle = handle_of(props)
    return _outputs(props, handle) if handle else None


def delete(props: Mapping[str, Any]) -> None:
    """Remove the cluster. One that is gone already is no error."""
    provider_of(props).delete(props["clusterName"])


def provider_of(props: Mapping[str, Any]) -> ClusterProvider:
    """The provider that the properties name."""
    import clusters

    file = props["kubeconfigFile"]
    return clusters.get(
        props["clusterProvider"],
        kubeconfig=Path(file) if file else None,
        context=props["contextName"] or None,
    )


def handle_of(props: Mapping[str, Any]) -> ClusterHandle | None:
    """The cluster if it answers."""
    return provider_of(props).read(props["clusterName"])


def _cluster_spec(props: Mapping[str, Any]) -> ClusterSpec:
    from clusters.provider import ClusterSpec

    ports = props["ports"]
    if not ports:
        return ClusterSpec(name=props["clusterName"])
    return ClusterSpec(
        name=props["clusterName"],
        http_port=int(ports["httpPort"]),
        https_port=int(ports["httpsPort"]),
        prometheus_port=int(ports["prometheusPort"]),
        zipkin_port=int(ports["zipkinPort"]),
        extra_http_port=int(ports["extraHttpPort"]),
        extra_https_port=int(ports["extraHttpsPort"]),
    )


def _outputs(props: Mapping[str, Any], handle: ClusterHandle) -> dict[str, Any]:
    from clusters.kubectl import kubectl

    words = ("get", "namespace", "kube-system", "--output=jsonpath={.metadata.uid}")
    publish(handle.kubeconfig)
    return {
        **{key: props[key] for key in REPLACED_WHEN_CHANGED},
        "kubeconfig": handle.kubeconfig,
        "context": handle.context,
        "identity": kubectl(handle.kubeconfig, *words).strip(),
    }


def publish(kubeconfig: str) -> None:
    """Leave the kubeconfig where `./mesh env` points kubectl to, readable by its owner only."""
    file = state_dir() / "kubeconfig"
    file.touch(mode=0o600)
    file.write_text(kubeconfig)
