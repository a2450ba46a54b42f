"""What meshd may do in the cluster: read what it discovers, ask whose token a proxy shows and what its account may
read, write statuses of Istio objects, and in its own namespace hold the leader's lease.
"""

from __future__ import annotations

import pulumi
import pulumi_kubernetes as k8s

API_GROUPS = ["networking.istio.io", "security.istio.io", "telemetry.istio.io"]
READ = ["get", "list", "watch"]

CLUSTER_RULES: list[k8s.rbac.v1.PolicyRuleArgsDict] = [
    {
        "api_groups": [""],
        "resources": ["services", "pods", "nodes", "secrets"],
        "verbs": READ,
    },
    {"api_groups": ["discovery.k8s.io"], "resources": ["endpointslices"], "verbs": READ},
    {"api_groups": API_GROUPS, "resources": ["*"], "verbs": READ},
    {"api_groups": API_GROUPS, "resources": ["*/status"], "verbs": ["patch"]},
    {"api_groups": ["authentication.k8s.io"], "resources": ["tokenreviews"], "verbs": ["create"]},
    {"api_groups": ["authorization.k8s.io"], "resources": ["subjectaccessreviews"], "verbs": ["create"]},
]

LEASE = "meshd-leader"
OWN_RULES: list[k8s.rbac.v1.PolicyRuleArgsDict] = [
    # What is to be created has no name yet that a rule could ask for.
    {"api_groups": ["coordination.k8s.io"], "resources": ["leases"], "verbs": ["create"]},
    {
        "api_groups": ["coordination.k8s.io"],
        "resources": ["leases"],
        "resource_names": [LEASE],
        "verbs": ["get", "update"],
    },
]


def grant_rights(name: str, namespace: pulumi.Input[str], opts: pulumi.ResourceOptions) -> k8s.core.v1.ServiceAccount:
    """A service account `name` that holds the rules above."""
    account = k8s.core.v1.ServiceAccount(name, metadata={"name": name, "namespace": namespace}, opts=opts)
    subjects: list[k8s.rbac.v1.SubjectArgsDict] = [{"kind": "ServiceAccount", "name": name, "namespace": namespace}]
    k8s.rbac.v1.ClusterRole(name, metadata={"name": name}, rules=CLUSTER_RULES, opts=opts)
    k8s.rbac.v1.ClusterRoleBinding(
        name,
        metadata={"name": name},
        role_ref={"api_group": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": name},
        subjects=subjects,
        opts=opts,
    )
    k8s.rbac.v1.Role(name, metadata={"name": name, "namespace": namespace}, rules=OWN_RULES, opts=opts)
    k8s.rbac.v1.RoleBinding(
        name,
        metadata={"name": name, "namespace": namespace},
        role_ref={"api_group": "rbac.authorization.k8s.io", "kind": "Role", "name": name},
        subjects=subjects,
        opts=opts,
    )
    return account
