"""The filter for JSON Web Tokens of a workload, inbound at a sidecar or at a gateway.

What a token says is put into the request's dynamic metadata, where authorization finds it.
https://www.envoyproxy.io/docs/envoy/latest/api-v3/extensions/filters/http/jwt_authn/v3/config.proto
"""

from typing import Any

from envoy.extensions.filters.http.jwt_authn.v3 import config_pb2

from meshd.model.memo import Reader
from meshd.model.request_authentication import JwtRule
from meshd.networking.authentication.claims import JWT_FILTER, PAYLOAD
from meshd.networking.authentication.keys import keys
from meshd.networking.authentication.rules import jwt_rules
from meshd.networking.proto import extension
from meshd.networking.scopes import WorkloadScope

_SPACE_DELIMITED = ("scope", "permission")
"""Claims that are lists written as one string, as in Istio; a rule may name others."""


def jwt_filters(read: Reader, scope: WorkloadScope) -> list[dict[str, Any]]:
    """No filter where no rule asks for one."""
    rules = read.query(jwt_rules, scope)
    if not rules:
        return []
    providers = {f"origins-{index}": _provider(read, scope.namespace, rule) for index, rule in enumerate(rules)}
    config = config_pb2.JwtAuthentication(
        providers=providers,
        rules=[{"match": {"prefix": "/"}, "requires": _requirement(list(providers))}],
        bypass_cors_preflight=True,
    )
    return [extension(JWT_FILTER, config)]


def _requirement(names: list[str]) -> dict[str, Any]:
    """No token at all, or a right one.

    Of several issuers one is enough; for all of them together, no place where one of them looks may hold a wrong token.
    """
    each = [_any({"provider_name": name}, {"allow_missing": {}}) for name in names]
    if len(each) == 1:
        return each[0]
    return _any(*({"provider_name": name} for name in names), {"requires_all": {"requirements": each}})


def _any(*requirements: dict[str, Any]) -> dict[str, Any]:
    return {"requires_any": {"requirements": list(requirements)}}


def _provider(read: Reader, namespace: str, rule: JwtRule) -> config_pb2.JwtProvider:
    """Where a rule names no place for its token, Envoy looks into Authorization and the parameter `access_token`.

    The route is chosen anew once the claims are known: it may depend on them.
    """
    return config_pb2.JwtProvider(
        issuer=rule.issuer,
        audiences=rule.audiences,
        forward=rule.forward,
        from_headers=[{"name": name, "value_prefix": prefix} for name, prefix in rule.from_headers],
        from_params=rule.from_params,
        from_cookies=rule.from_cookies,
        forward_payload_header=rule.payload_header,
        claim_to_headers=[{"header_name": header, "claim_name": claim} for header, claim in rule.claim_headers],
        clear_route_cache=True,
        payload_in_metadata=PAYLOAD,
        normalize_payload_in_metadata={"space_delimited_claims": (*_SPACE_DELIMITED, *rule.space_delimited_claims)},
        **keys(read, namespace, rule),
    )
