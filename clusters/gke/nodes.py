"""The nodes of a cluster in Google's cloud and the identity they run as."""

from __future__ import annotations

import pulumi
from pulumi_gcp import container, projects, serviceaccount

from clusters.gke.args import GkeClusterArgs

ROLES = ("roles/container.defaultNodeServiceAccount", "roles/artifactregistry.reader")
SCOPES = ["https://www.googleapis.com/auth/cloud-platform"]  # leaves it to ROLES what nodes may do
ACCOUNT_ID_LENGTH = 30


def build_node_account(
    name: str, opts: pulumi.ResourceOptions
) -> tuple[serviceaccount.Account, list[projects.IAMMember]]:
    """An account that may report and pull images, and its roles. (A project's default account may edit everything.)"""
    display_name = f"Nodes of cluster {name}"
    account = serviceaccount.Account(name, account_id=node_account_id(name), display_name=display_name, opts=opts)
    member = account.email.apply(lambda email: f"serviceAccount:{email}")
    roles = [
        projects.IAMMember(
            f"{name}-{role.partition('/')[2]}", project=account.project, role=role, member=member, opts=opts
        )
        for role in ROLES
    ]
    return account, roles


def build_node_pool(
    name: str,
    args: GkeClusterArgs,
    cluster: container.Cluster,
    node_account: pulumi.Input[str],
    opts: pulumi.ResourceOptions,
) -> container.NodePool:
    """Nodes that boot verified code only, and whose pods get workload identities instead of the node's.

    `node_account` is the e-mail address of the nodes' service account.
    """
    return container.NodePool(
        name,
        cluster=cluster.id,
        initial_node_count=args.min_nodes,
        autoscaling=container.NodePoolAutoscalingArgs(min_node_count=args.min_nodes, max_node_count=args.max_nodes),
        management=container.NodePoolManagementArgs(auto_repair=True, auto_upgrade=True),
        node_config=container.NodePoolNodeConfigArgs(
            machine_type=args.machine_type,
            image_type="COS_CONTAINERD",
            service_account=node_account,
            oauth_scopes=SCOPES,
            metadata={"disable-legacy-endpoints": "true"},
            shielded_instance_config=container.NodePoolNodeConfigShieldedInstanceConfigArgs(
                enable_secure_boot=True, enable_integrity_monitoring=True
            ),
            workload_metadata_config=container.NodePoolNodeConfigWorkloadMetadataConfigArgs(mode="GKE_METADATA"),
        ),
        opts=opts,
    )


def node_account_id(cluster: str) -> str:
    """Id of the nodes' service account: 6 to 30 characters that begin with a letter, as Google wants it."""
    return f"nodes-{cluster}"[:ACCOUNT_ID_LENGTH].rstrip("-")
