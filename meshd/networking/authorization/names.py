"""Names that Envoy's RBAC filters report under, as in Istio."""

from meshd.model.security import Action

HTTP_RBAC = "envoy.filters.http.rbac"
NETWORK_RBAC = "envoy.filters.network.rbac"

EFFECTIVE_POLICY = "shadow_effective_policy_id"
"""In the filter's dynamic metadata, after a prefix: which of the shadow rules fits."""
ENGINE_RESULT = "shadow_engine_result"
"""Likewise: what the shadow rules say, "allowed" or "denied"."""


def dry_run_prefix(action: Action) -> str:
    return f"istio_dry_run_{action.value.lower()}_"


def custom_prefix(provider: str) -> str:
    return f"istio_ext_authz_{provider}_"
