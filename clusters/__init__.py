"""Where Kubernetes clusters come from: kind on this machine, an existing kubeconfig, or a cloud.

A provider is got by name; see `clusters.provider` for what it does. Google's cloud is not among them:
`clusters.gke` declares its clusters as Pulumi's own resources.
"""

from __future__ import annotations

from pathlib import Path

from clusters.provider import ClusterHandle, ClusterProvider, ClusterSpec
from toolchain.errors import UserError


def get(name: str, *, kubeconfig: Path | None = None, context: str | None = None) -> ClusterProvider:
    """The provider `kind`, or `existing` for the cluster of a kubeconfig file (and one of its contexts).

    Raises UserError for another name, and for `existing` without a file.
    """
    if name == "kind":
        from clusters.kind import KindProvider

        return KindProvider()
    if name == "existing":
        from clusters.existing import ExistingProvider

        if kubeconfig is None:
            raise UserError("an existing cluster needs its kubeconfig: set mesh:kubeconfig to a file's path")
        return ExistingProvider(kubeconfig, context)
    raise UserError(f"there is no cluster provider {name!r}: set mesh:clusterProvider to kind or existing")


__all__ = ["ClusterHandle", "ClusterProvider", "ClusterSpec", "get"]
