"""The Kubernetes cluster as a resource: made, refreshed and deleted by Pulumi, its kubeconfig a secret.

The provider class that Pulumi pickles into the state is a few lines of delegation, imported by name, so that
the state does not change when code does.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_kubernetes as k8s
from pulumi.dynamic import CreateResult, DiffResult, ReadResult, Resource, ResourceProvider

from mesh_stack import cluster_lifecycle
from mesh_stack.settings import Settings


@dataclass(frozen=True)
class ClusterArgs:
    """`settings` say which provider makes the cluster, its name and the ports it publishes."""

    settings: Settings


class Cluster(pulumi.ComponentResource):
    """A cluster that answers. From kind, from an existing kubeconfig, or from Google's cloud."""

    kubeconfig: pulumi.Output[str]
    """YAML text with one context (secret)."""
    context: pulumi.Output[str]
    identity: pulumi.Output[str]
    """Differs between two clusters of the same name: the uid of the namespace kube-system."""
    kubernetes_provider: k8s.Provider
    """What every resource in the cluster is declared with."""

    def __init__(self, name: str, args: ClusterArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mesh-stack:cluster:Cluster", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        if args.settings.cluster_provider == "gke":
            self._from_gke(args.settings, child)
        else:
            held = HeldCluster(name, cluster_lifecycle.spec_of(args.settings), child)
            self.kubeconfig, self.context, self.identity = held.kubeconfig, held.context, held.identity
        self.kubernetes_provider = k8s.Provider(
            name,
            kubeconfig=self.kubeconfig,
            context=self.context,
            cluster_identifier=self.identity,
            enable_server_side_apply=True,
            # A kind cluster that is gone takes everything with it: nothing is left to delete one by one.
            delete_unreachable=args.settings.cluster_provider == "kind",
            opts=child,
        )
        self.register_outputs({"kubeconfig": self.kubeconfig, "context": self.context, "identity": self.identity})

    def _from_gke(self, settings: Settings, child: pulumi.ResourceOptions) -> None:
        from clusters.gke import GkeCluster, GkeClusterArgs

        cloud = GkeCluster(settings.cluster_name, GkeClusterArgs(), child)
        self.kubeconfig = cloud.kubeconfig
        self.context = pulumi.Output.from_input(settings.cluster_name)
        self.identity = cloud.endpoint


class ClusterLifecycle(ResourceProvider):
    """What Pulumi calls to make, look at and delete a cluster."""

    def create(self, props: dict[str, Any]) -> CreateResult:
        return CreateResult(props["clusterName"], cluster_lifecycle.create(props))

    def read(self, id_: str, props: dict[str, Any]) -> ReadResult:
        found = cluster_lifecycle.read(props)
        return ReadResult(id_ if found else "", found or {})

    def diff(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> DiffResult:
        changed = cluster_lifecycle.changed(_olds, _news)
        return DiffResult(changes=bool(changed), replaces=changed, delete_before_replace=True)

    def delete(self, _id: str, _props: dict[str, Any]) -> None:
        cluster_lifecycle.delete(_props)


class HeldCluster(Resource, module="mesh-stack", name="Cluster"):
    """The cluster behind `Cluster` where no cloud's own resources stand for it."""

    kubeconfig: pulumi.Output[str]
    context: pulumi.Output[str]
    identity: pulumi.Output[str]

    def __init__(self, name: str, props: dict[str, Any], opts: pulumi.ResourceOptions) -> None:
        outputs = {"kubeconfig": None, "context": None, "identity": None}
        secret = pulumi.ResourceOptions(additional_secret_outputs=["kubeconfig"])
        super().__init__(ClusterLifecycle(), name, {**props, **outputs}, pulumi.ResourceOptions.merge(opts, secret))
