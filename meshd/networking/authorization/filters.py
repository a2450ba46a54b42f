"""RBAC filters for a workload: what is denied is looked at first, then what is allowed.

https://istio.io/latest/docs/concepts/security/#implicit-enablement
"""

from typing import Any

from envoy.config.rbac.v3 import rbac_pb2
from envoy.extensions.filters.http.rbac.v3 import rbac_pb2 as http_rbac_pb2
from envoy.extensions.filters.network.rbac.v3 import rbac_pb2 as network_rbac_pb2

from meshd.model.labels import Labels, selects
from meshd.model.memo import Reader
from meshd.model.security import Action, AuthorizationPolicy
from meshd.model.tables import AUTHORIZATIONS
from meshd.networking.authorization.rules import network_rule, rbac_policy
from meshd.networking.lookup import mesh_config
from meshd.networking.proto import extension


def policies_for(read: Reader, namespace: str, labels: Labels) -> tuple[AuthorizationPolicy, ...]:
    """Policies of the workload's namespace and of the root namespace that select it."""
    root = read.query(mesh_config).root_namespace
    return tuple(
        policy
        for place in dict.fromkeys((root, namespace))
        for policy in read.find(AUTHORIZATIONS, "namespace", place)
        if selects(policy.selector, labels)
    )


def http_rbac_filters(read: Reader, policies: tuple[AuthorizationPolicy, ...]) -> list[dict[str, Any]]:
    return [
        extension("envoy.filters.http.rbac", http_rbac_pb2.RBAC(rules=rules))
        for rules in _rules(read, policies, is_http=True)
    ]


def network_rbac_filters(read: Reader, policies: tuple[AuthorizationPolicy, ...]) -> list[dict[str, Any]]:
    return [
        extension("envoy.filters.network.rbac", network_rbac_pb2.RBAC(rules=rules, stat_prefix="tcp."))
        for rules in _rules(read, policies, is_http=False)
    ]


def _rules(read: Reader, policies: tuple[AuthorizationPolicy, ...], is_http: bool) -> list[rbac_pb2.RBAC]:
    made = []
    trust_domain = read.query(mesh_config).trust_domain
    for action in (Action.DENY, Action.ALLOW):
        chosen = [policy for policy in policies if policy.action is action]
        if chosen:
            made.append(_rbac(chosen, action, trust_domain, is_http))
    return made


def _rbac(policies: list[AuthorizationPolicy], action: Action, trust_domain: str, is_http: bool) -> rbac_pb2.RBAC:
    rbac = rbac_pb2.RBAC(action=action.value)
    for policy in policies:
        for index, rule in enumerate(policy.rules):
            narrowed = rule if is_http else network_rule(rule, action)
            if narrowed is not None:
                name = f"ns[{policy.ref.namespace}]-policy[{policy.ref.name}]-rule[{index}]"
                rbac.policies[name].CopyFrom(rbac_policy(narrowed, policy.ref.namespace, action))
    return rbac
