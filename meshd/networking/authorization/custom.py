"""CUSTOM: shadow rules find the requests that a policy is about, and a provider decides about those.

https://istio.io/latest/docs/tasks/security/authorization/authz-custom/
"""

from collections.abc import Iterator
from typing import Any

from envoy.extensions.filters.http.rbac.v3 import rbac_pb2 as http_rbac_pb2
from envoy.extensions.filters.network.rbac.v3 import rbac_pb2 as network_rbac_pb2

from meshd.model.ext_authz import ExtAuthzProvider
from meshd.model.memo import Reader
from meshd.model.security import Action, AuthorizationPolicy
from meshd.networking.authorization.engines import POLICY_PREFIX, deny_all, engine
from meshd.networking.authorization.ext_authz import http_ext_authz, network_ext_authz
from meshd.networking.authorization.names import EFFECTIVE_POLICY, HTTP_RBAC, NETWORK_RBAC, custom_prefix
from meshd.networking.lookup import mesh_config, service_of
from meshd.networking.proto import extension

Policies = tuple[AuthorizationPolicy, ...]


def custom_http_filters(read: Reader, policies: Policies) -> Iterator[dict[str, Any]]:
    """Two filters for each provider. Without the provider every request is denied: nobody could decide about it."""
    for name, chosen in _by_provider(policies).items():
        provider = read.query(provider_of, name)
        if provider is None:
            yield extension(HTTP_RBAC, http_rbac_pb2.RBAC(rules=deny_all(_missing(name))))
            continue
        rules = engine(read, chosen, Action.CUSTOM, is_http=True)
        shadow = http_rbac_pb2.RBAC(shadow_rules=rules, shadow_rules_stat_prefix=custom_prefix(name))
        yield extension(HTTP_RBAC, shadow)
        yield http_ext_authz(provider, _fits_a_policy(HTTP_RBAC, name))


def custom_network_filters(read: Reader, policies: Policies) -> Iterator[dict[str, Any]]:
    """The same for connections. A provider that speaks HTTP cannot be asked about them: they pass, as in Istio."""
    for name, chosen in _by_provider(policies).items():
        provider = read.query(provider_of, name)
        if provider is None:
            rules = deny_all(_missing(name))
            yield extension(NETWORK_RBAC, network_rbac_pb2.RBAC(rules=rules, stat_prefix="tcp."))
        elif provider.is_grpc:
            shadow = network_rbac_pb2.RBAC(
                shadow_rules=engine(read, chosen, Action.CUSTOM, is_http=False),
                shadow_rules_stat_prefix=custom_prefix(name),
                stat_prefix="tcp.",
            )
            yield extension(NETWORK_RBAC, shadow)
            yield network_ext_authz(provider, _fits_a_policy(NETWORK_RBAC, name))


def provider_of(read: Reader, name: str) -> ExtAuthzProvider | None:
    """The mesh's provider; None when there is none of that name, or its service is not there."""
    provider = read.query(mesh_config).ext_authz_provider(name)
    service = read.query(service_of, provider.host, provider.namespace) if provider else None
    if provider is None or service is None or service.port(provider.port) is None:
        return None
    return provider if provider.namespace in ("", service.namespace) else None


def _by_provider(policies: Policies) -> dict[str, list[AuthorizationPolicy]]:
    found: dict[str, list[AuthorizationPolicy]] = {}
    for policy in policies:
        if policy.action is Action.CUSTOM and not policy.dry_run:
            found.setdefault(policy.provider, []).append(policy)
    return found


def _missing(provider: str) -> str:
    return f"no-provider[{provider}]"


def _fits_a_policy(rbac: str, provider: str) -> dict[str, Any]:
    path = [{"key": custom_prefix(provider) + EFFECTIVE_POLICY}]
    return {"filter": rbac, "path": path, "value": {"string_match": {"prefix": POLICY_PREFIX}}}
