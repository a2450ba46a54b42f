"""The cluster in Google's cloud: what Pulumi would register there, and the kubeconfig that comes of it."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import ip_network

import pytest

from clusters.gke import GkeCluster, GkeClusterArgs
from clusters.gke.nodes import node_account_id
from tests.clusters.mock_cloud import CERTIFICATE, ENDPOINT, PROJECT, Registered, register

COMPONENT = "mesh-stack:clusters:GkeCluster"
NETWORK = "gcp:compute/network:Network"
SUBNETWORK = "gcp:compute/subnetwork:Subnetwork"
NAT = "gcp:compute/routerNat:RouterNat"
FIREWALL = "gcp:compute/firewall:Firewall"
ACCOUNT = "gcp:serviceaccount/account:Account"
ROLE = "gcp:projects/iAMMember:IAMMember"
CLUSTER = "gcp:container/cluster:Cluster"
NODE_POOL = "gcp:container/nodePool:NodePool"
KEPT = {NETWORK, SUBNETWORK, CLUSTER, NODE_POOL}
NODES = f"nodes-mesh@{PROJECT}.example"

# pulumi_gcp.compute warns of old names of its own whenever it is imported.
pytestmark = pytest.mark.filterwarnings("ignore:gcp.compute:DeprecationWarning")


@dataclass
class Declared:
    registered: Registered
    kubeconfig: str
    kubeconfig_is_secret: bool
    kubeconfig_needs: set[str]
    endpoint: str


def types(urns: Iterable[str]) -> set[str]:
    """Type tokens in resource names of the form urn:pulumi:stack::project::parent's type$type::name."""
    return {urn.split("::")[2].rpartition("$")[2] for urn in urns}


def declare(args: GkeClusterArgs) -> Declared:
    found: list[tuple[str, bool, set[str], str]] = []

    async def program() -> None:
        cluster = GkeCluster("mesh", args)
        kubeconfig, endpoint = cluster.kubeconfig, cluster.endpoint
        needs = {str(await resource.urn.future()) for resource in await kubeconfig.resources()}
        text, address = await kubeconfig.future(), await endpoint.future()
        found.append((text or "", await kubeconfig.is_secret(), needs, address or ""))

    registered = register(program)
    return Declared(registered, *found[0])


@pytest.fixture(scope="module")
def declared() -> Declared:
    return declare(GkeClusterArgs())


@pytest.fixture(scope="module")
def gke(declared: Declared) -> Registered:
    return declared.registered


def test_component_is_the_parent_of_everything_and_announces_its_outputs(gke: Registered) -> None:
    component = gke.one(COMPONENT)
    assert (component.name, component.custom) == ("mesh", False)
    children = [resource for resource in gke.resources if resource.custom]
    assert len(children) == 10
    assert types(child.parent for child in children) == {COMPONENT}
    assert gke.component_outputs[COMPONENT] == ["endpoint", "kubeconfig"]


def test_network_cluster_and_pool_are_protected_and_the_rest_is_not(gke: Registered) -> None:
    assert {resource.type for resource in gke.resources if resource.protect} == KEPT
    assert gke[CLUSTER]["deletionProtection"] is True


def test_unprotected_cluster_can_be_destroyed() -> None:
    gke = declare(GkeClusterArgs(protected=False)).registered
    assert not [resource.type for resource in gke.resources if resource.protect]
    assert gke[CLUSTER]["deletionProtection"] is False


def test_pods_and_services_have_ranges_of_their_own_in_a_network_of_its_own(gke: Registered) -> None:
    assert gke[NETWORK]["autoCreateSubnetworks"] is False
    assert gke[SUBNETWORK]["network"] == "mesh-id"
    secondary = {entry["rangeName"]: entry["ipCidrRange"] for entry in gke[SUBNETWORK]["secondaryIpRanges"]}
    policy = gke[CLUSTER]["ipAllocationPolicy"]
    assert secondary[policy["clusterSecondaryRangeName"]] == GkeClusterArgs().pod_range
    assert secondary[policy["servicesSecondaryRangeName"]] == GkeClusterArgs().service_range


def test_standard_ranges_do_not_overlap() -> None:
    args = GkeClusterArgs()
    ranges = [ip_network(r) for r in (args.node_range, args.pod_range, args.service_range, args.control_plane_range)]
    assert not [pair for pair in itertools.combinations(ranges, 2) if pair[0].overlaps(pair[1])]


def test_nodes_are_private_and_reach_out_through_nat(gke: Registered) -> None:
    private = gke[CLUSTER]["privateClusterConfig"]
    assert (private["enablePrivateNodes"], private["enablePrivateEndpoint"]) == (True, False)
    assert gke[NAT]["sourceSubnetworkIpRangesToNat"] == "ALL_SUBNETWORKS_ALL_IP_RANGES"
    assert gke[NAT]["natIpAllocateOption"] == "AUTO_ONLY"
    assert gke[SUBNETWORK]["privateIpGoogleAccess"] is True


def test_api_server_reaches_the_webhooks_of_private_nodes(gke: Registered) -> None:
    firewall = gke[FIREWALL]
    assert firewall["sourceRanges"] == [gke[CLUSTER]["privateClusterConfig"]["masterIpv4CidrBlock"]]
    assert firewall["allows"] == [{"protocol": "tcp", "ports": ["15017"]}]
    assert firewall["targetServiceAccounts"] == [NODES]


def test_nodes_run_as_an_account_with_two_roles(gke: Registered) -> None:
    assert gke[NODE_POOL]["nodeConfig"]["serviceAccount"] == NODES
    assert gke[CLUSTER]["nodeConfig"]["serviceAccount"] == NODES
    grants = [resource.inputs for resource in gke.resources if resource.type == ROLE]
    assert {grant["role"] for grant in grants} == {
        "roles/container.defaultNodeServiceAccount",
        "roles/artifactregistry.reader",
    }
    assert {(grant["member"], grant["project"]) for grant in grants} == {(f"serviceAccount:{NODES}", PROJECT)}


def test_pool_waits_for_what_its_nodes_need(gke: Registered) -> None:
    assert {ROLE, NAT, CLUSTER} <= types(gke.one(NODE_POOL).dependencies)


def test_pods_get_workload_identities(gke: Registered) -> None:
    assert gke[CLUSTER]["workloadIdentityConfig"] == {"workloadPool": f"{PROJECT}.svc.id.goog"}
    assert gke[NODE_POOL]["nodeConfig"]["workloadMetadataConfig"] == {"mode": "GKE_METADATA"}


def test_own_pool_replaces_the_one_the_cluster_is_born_with(gke: Registered) -> None:
    assert gke[CLUSTER]["removeDefaultNodePool"] is True
    assert gke.one(CLUSTER).ignore_changes == ["nodeConfig"]
    assert gke[NODE_POOL]["cluster"] == "mesh-id"
    assert gke[NODE_POOL]["autoscaling"] == {"minNodeCount": 1, "maxNodeCount": 3}


def test_google_keeps_versions_current(gke: Registered) -> None:
    assert gke[CLUSTER]["releaseChannel"] == {"channel": "REGULAR"}
    assert gke[NODE_POOL]["management"] == {"autoRepair": True, "autoUpgrade": True}


def test_api_can_be_closed_to_other_networks(gke: Registered) -> None:
    assert "masterAuthorizedNetworksConfig" not in gke[CLUSTER]
    closed = declare(GkeClusterArgs(authorized_networks=("198.51.100.0/24",))).registered
    blocks = closed[CLUSTER]["masterAuthorizedNetworksConfig"]["cidrBlocks"]
    assert [block["cidrBlock"] for block in blocks] == ["198.51.100.0/24"]


def test_kubeconfig_is_secret_and_asks_the_plugin_for_credentials(declared: Declared) -> None:
    assert declared.kubeconfig_is_secret
    config = json.loads(declared.kubeconfig)
    (cluster,), (user,), (context,) = config["clusters"], config["users"], config["contexts"]
    assert cluster["cluster"] == {"server": f"https://{ENDPOINT}", "certificate-authority-data": CERTIFICATE}
    assert set(user["user"]) == {"exec"}
    assert user["user"]["exec"]["command"] == "gke-gcloud-auth-plugin"
    assert context == {"name": "mesh", "context": {"cluster": cluster["name"], "user": user["name"]}}
    assert config["current-context"] == "mesh"
    assert declared.endpoint == ENDPOINT


def test_kubeconfig_is_known_only_once_pods_can_run(declared: Declared) -> None:
    assert {NODE_POOL, FIREWALL} <= types(declared.kubeconfig_needs)


@pytest.mark.parametrize("cluster", ["a", "mesh", "m" * 40, "a-cluster-whose-name-is-x-long"])
def test_account_id_is_as_google_wants_it(cluster: str) -> None:
    account = node_account_id(cluster)
    assert 6 <= len(account) <= 30
    assert account[0].isalpha()
    assert account[-1].isalnum()
