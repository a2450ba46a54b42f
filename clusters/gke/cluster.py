"""The component that is a whole cluster in Google's cloud."""

from __future__ import annotations

import pulumi
from pulumi_gcp import compute, container, serviceaccount

from clusters.gke.args import GkeClusterArgs
from clusters.gke.kubeconfig import gke_kubeconfig
from clusters.gke.network import PODS, SERVICES, build_nat, build_subnetwork, build_webhook_firewall
from clusters.gke.nodes import SCOPES, build_node_account, build_node_pool


class GkeCluster(pulumi.ComponentResource):
    """A cluster in a network of its own. Its nodes have no public address and reach out through Cloud NAT."""

    kubeconfig: pulumi.Output[str]
    """JSON text (secret) with one context, named as the component. Known once pods can run."""
    endpoint: pulumi.Output[str]
    """IP address of the cluster's API."""

    def __init__(self, name: str, args: GkeClusterArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mesh-stack:clusters:GkeCluster", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        kept = pulumi.ResourceOptions(parent=self, protect=args.protected)
        network = compute.Network(name, auto_create_subnetworks=False, opts=kept)
        subnetwork = build_subnetwork(name, args, network, kept)
        nat = build_nat(name, network, subnetwork, child)
        account, roles = build_node_account(name, child)
        firewall = build_webhook_firewall(name, args, network, account.email, child)
        cluster = _build_cluster(name, args, network, subnetwork, account, kept)
        # A node without its roles reports nothing and pulls nothing.
        after = pulumi.ResourceOptions(depends_on=[nat, *roles])
        pool = build_node_pool(name, args, cluster, account.email, pulumi.ResourceOptions.merge(kept, after))

        certificate = cluster.master_auth.apply(lambda auth: auth.cluster_ca_certificate or "")
        # Pool and firewall take part so that nothing is deployed before it can run, or after it no longer can.
        known = pulumi.Output.all(cluster.endpoint, certificate, pool.id, firewall.id)
        self.endpoint = cluster.endpoint
        self.kubeconfig = pulumi.Output.secret(known.apply(lambda it: gke_kubeconfig(name, it[0], it[1])))
        self.register_outputs({"kubeconfig": self.kubeconfig, "endpoint": self.endpoint})


def _build_cluster(
    name: str,
    args: GkeClusterArgs,
    network: compute.Network,
    subnetwork: compute.Subnetwork,
    account: serviceaccount.Account,
    opts: pulumi.ResourceOptions,
) -> container.Cluster:
    """The control plane. It is born with a node pool that is removed at once: ours is a resource of its own.

    Even that first pool does not run as the project's default account; its settings end with it.
    """
    return container.Cluster(
        name,
        network=network.id,
        subnetwork=subnetwork.id,
        networking_mode="VPC_NATIVE",
        ip_allocation_policy=container.ClusterIpAllocationPolicyArgs(
            cluster_secondary_range_name=PODS, services_secondary_range_name=SERVICES
        ),
        private_cluster_config=container.ClusterPrivateClusterConfigArgs(
            enable_private_nodes=True,
            enable_private_endpoint=False,
            master_ipv4_cidr_block=args.control_plane_range,
        ),
        master_authorized_networks_config=_authorized(args.authorized_networks),
        workload_identity_config=container.ClusterWorkloadIdentityConfigArgs(
            workload_pool=account.project.apply(lambda project: f"{project}.svc.id.goog")
        ),
        release_channel=container.ClusterReleaseChannelArgs(channel=args.release_channel),
        initial_node_count=1,
        remove_default_node_pool=True,
        node_config=container.ClusterNodeConfigArgs(service_account=account.email, oauth_scopes=SCOPES),
        deletion_protection=args.protected,
        opts=pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(ignore_changes=["nodeConfig"])),
    )


def _authorized(networks: tuple[str, ...]) -> container.ClusterMasterAuthorizedNetworksConfigArgs | None:
    if not networks:
        return None
    blocks = [container.ClusterMasterAuthorizedNetworksConfigCidrBlockArgs(cidr_block=block) for block in networks]
    return container.ClusterMasterAuthorizedNetworksConfigArgs(cidr_blocks=blocks)
