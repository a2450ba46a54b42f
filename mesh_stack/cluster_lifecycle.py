"""Makes, looks at and deletes the stack's cluster. Works on plain properties, as Pulumi hands them over.

`clusters` is imported inside the functions: the Pulumi program itself does not need it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mesh_stack.settings import Settings

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
