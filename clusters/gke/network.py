"""The network of a cluster in Google's cloud: its ranges, its way out, and the way in for the API server."""

from __future__ import annotations

import pulumi
from pulumi_gcp import compute

from clusters.gke.args import GkeClusterArgs

PODS, SERVICES = "pods", "services"


def build_subnetwork(
    name: str, args: GkeClusterArgs, network: compute.Network, opts: pulumi.ResourceOptions
) -> compute.Subnetwork:
    """Nodes, pods and Services each in a range of their own, so that pods' addresses route without an overlay."""
    ranges = {PODS: args.pod_range, SERVICES: args.service_range}
    return compute.Subnetwork(
        name,
        network=network.id,
        ip_cidr_range=args.node_range,
        secondary_ip_ranges=[
            compute.SubnetworkSecondaryIpRangeArgs(range_name=use, ip_cidr_range=block) for use, block in ranges.items()
        ],
        private_ip_google_access=True,
        opts=opts,
    )


def build_nat(
    name: str, network: compute.Network, subnetwork: compute.Subnetwork, opts: pulumi.ResourceOptions
) -> compute.RouterNat:
    """The way out for nodes and pods, none of which has a public address."""
    router = compute.Router(name, network=network.id, region=subnetwork.region, opts=opts)
    return compute.RouterNat(
        name,
        router=router.name,
        region=router.region,
        nat_ip_allocate_option="AUTO_ONLY",
        source_subnetwork_ip_ranges_to_nat="ALL_SUBNETWORKS_ALL_IP_RANGES",
        opts=opts,
    )


def build_webhook_firewall(
    name: str,
    args: GkeClusterArgs,
    network: compute.Network,
    node_account: pulumi.Input[str],
    opts: pulumi.ResourceOptions,
) -> compute.Firewall:
    """Lets the API server call admission webhooks: of private nodes Google opens ports 443 and 10250 only.

    `node_account` is the e-mail address of the nodes' service account.
    """
    ports = [str(port) for port in args.webhook_ports]
    return compute.Firewall(
        f"{name}-webhooks",
        network=network.id,
        direction="INGRESS",
        source_ranges=[args.control_plane_range],
        target_service_accounts=[node_account],
        allows=[compute.FirewallAllowArgs(protocol="tcp", ports=ports)],
        opts=opts,
    )
