"""Policies of one action as an engine of Envoy's RBAC filters: the rules it evaluates, for HTTP or for connections."""

from collections.abc import Iterable

from envoy.config.rbac.v3 import rbac_pb2

from meshd.model.memo import Reader
from meshd.model.security import Action, AuthorizationPolicy
from meshd.networking.authorization.connections import rule_for_connections
from meshd.networking.authorization.rules import rbac_policy
from meshd.networking.authorization.trust_domains import with_aliases
from meshd.networking.lookup import mesh_config

POLICY_PREFIX = "ns["
"""How the names of all policies begin."""

_ENVOYS = {Action.ALLOW: "ALLOW", Action.DENY: "DENY", Action.AUDIT: "LOG", Action.CUSTOM: "DENY"}


def engine(read: Reader, policies: Iterable[AuthorizationPolicy], action: Action, is_http: bool) -> rbac_pb2.RBAC:
    """An engine without policies never matches."""
    made = rbac_pb2.RBAC(action=_ENVOYS[action])
    mesh = read.query(mesh_config)
    for policy in policies:
        for index, rule in enumerate(policy.rules):
            narrowed = rule if is_http else rule_for_connections(rule, action)
            if narrowed is not None:
                name = f"{POLICY_PREFIX}{policy.ref.namespace}]-policy[{policy.ref.name}]-rule[{index}]"
                made.policies[name].CopyFrom(rbac_policy(with_aliases(narrowed, mesh), policy.ref.namespace, action))
    return made


def deny_all(name: str) -> rbac_pb2.RBAC:
    everything = rbac_pb2.Policy(principals=[{"any": True}], permissions=[{"any": True}])
    return rbac_pb2.RBAC(action="DENY", policies={name: everything})
