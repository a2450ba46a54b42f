"""Authorization filters for a workload. First a provider is asked, then comes what is denied, then what is allowed.

https://istio.io/latest/docs/concepts/security/#implicit-enablement
"""

from collections.abc import Iterator
from typing import Any

from envoy.extensions.filters.http.rbac.v3 import rbac_pb2 as http_rbac_pb2
from envoy.extensions.filters.network.rbac.v3 import rbac_pb2 as network_rbac_pb2

from meshd.model.labels import Labels
from meshd.model.memo import Reader
from meshd.model.security import Action, AuthorizationPolicy
from meshd.model.tables import AUTHORIZATIONS
from meshd.model.target import applies_to
from meshd.networking.authorization.custom import custom_http_filters, custom_network_filters
from meshd.networking.authorization.engines import engine
from meshd.networking.authorization.names import HTTP_RBAC, NETWORK_RBAC, dry_run_prefix
from meshd.networking.lookup import mesh_config
from meshd.networking.proto import extension

Policies = tuple[AuthorizationPolicy, ...]


def policies_for(read: Reader, namespace: str, labels: Labels) -> Policies:
    """Policies of the workload's namespace and of the root namespace that are for it."""
    root = read.query(mesh_config).root_namespace
    return tuple(
        policy
        for place in dict.fromkeys((root, namespace))
        for policy in read.find(AUTHORIZATIONS, "namespace", place)
        if applies_to(policy, namespace, labels)
    )


def http_rbac_filters(read: Reader, policies: Policies) -> list[dict[str, Any]]:
    """HTTP filters; none where no policy asks for one."""
    verdicts = (extension(HTTP_RBAC, http_rbac_pb2.RBAC(**rules)) for rules in _rules(read, policies, is_http=True))
    return [*custom_http_filters(read, policies), *verdicts]


def network_rbac_filters(read: Reader, policies: Policies) -> list[dict[str, Any]]:
    """Network filters for connections that are not HTTP."""
    verdicts = (
        extension(NETWORK_RBAC, network_rbac_pb2.RBAC(stat_prefix="tcp.", **rules))
        for rules in _rules(read, policies, is_http=False)
    )
    return [*custom_network_filters(read, policies), *verdicts]


def _rules(read: Reader, policies: Policies, is_http: bool) -> Iterator[dict[str, Any]]:
    """Fields of the filters, one for each action: rules in force, and shadow rules that only say what they would do.

    https://istio.io/latest/docs/tasks/security/authorization/authz-dry-run/
    """
    for action in (Action.AUDIT, Action.DENY, Action.ALLOW):
        chosen = [policy for policy in policies if policy.action is action]
        in_force = [policy for policy in chosen if not policy.dry_run]
        dry = [policy for policy in chosen if policy.dry_run]
        fields: dict[str, Any] = {"rules": engine(read, in_force, action, is_http)} if in_force else {}
        if dry:
            fields["shadow_rules"] = engine(read, dry, action, is_http)
            fields["shadow_rules_stat_prefix"] = dry_run_prefix(action)
        if fields:
            yield fields
