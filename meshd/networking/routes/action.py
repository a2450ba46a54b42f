"""What happens to a request that matched: forwarded, redirected or answered."""

from typing import Any

from meshd.model.labels import Labels
from meshd.model.route import (
    HeaderOperations,
    Headers,
    HttpRoute,
    Redirect,
    Rewrite,
    WeightedDestination,
)
from meshd.networking.proto import duration, fraction
from meshd.networking.routes.retry import DEFAULT_RETRY, retry_policy
from meshd.networking.routes.upstream import Upstreams

_REDIRECT_CODES = {
    301: "MOVED_PERMANENTLY",
    302: "FOUND",
    303: "SEE_OTHER",
    307: "TEMPORARY_REDIRECT",
    308: "PERMANENT_REDIRECT",
}


def action_fields(rule: HttpRoute, upstreams: Upstreams) -> dict[str, Any]:
    """The action field of a Route and the header operations beside it."""
    if rule.redirect is not None:
        return {"redirect": _redirect(rule.redirect, upstreams.request_port)}
    if rule.direct_response is not None:
        response: dict[str, Any] = {"status": rule.direct_response.status}
        if rule.direct_response.body:
            response["body"] = {"inline_bytes": rule.direct_response.body}
        return {"direct_response": response}
    return {"route": forward_action(rule, upstreams), **header_fields(rule.headers)}


def forward_action(rule: HttpRoute, upstreams: Upstreams) -> dict[str, Any]:
    """RouteAction. Without a timeout in the rule there is none, as in Istio."""
    action: dict[str, Any] = {
        **_destinations(rule.destinations, upstreams),
        "timeout": duration(rule.timeout or 0.0),
        **_rewrite(rule.rewrite),
    }
    retries = retry_policy(rule.retries) if rule.retries is not None else DEFAULT_RETRY
    if retries is not None:
        action["retry_policy"] = retries
    hash_policies = [p for d in rule.destinations for p in upstreams.hash_policies(d.destination)]
    if hash_policies:
        action["hash_policy"] = hash_policies
    authority = _authority(rule.headers)
    if authority and "host_rewrite_literal" not in action:
        action["host_rewrite_literal"] = authority
    if rule.mirrors:
        action["request_mirror_policies"] = [
            {
                "cluster": upstreams.cluster(mirror.destination),
                "runtime_fraction": {"default_value": fraction(mirror.percent)},
                "trace_sampled": {"value": False},
            }
            for mirror in rule.mirrors
        ]
    return action


def _destinations(destinations: tuple[WeightedDestination, ...], upstreams: Upstreams) -> dict[str, Any]:
    if len(destinations) == 1 and destinations[0].headers == Headers():
        return {"cluster": upstreams.cluster(destinations[0].destination)}
    alone = len(destinations) == 1
    clusters = [
        {
            "name": upstreams.cluster(weighted.destination),
            "weight": {"value": 1 if alone else weighted.weight},
            **header_fields(weighted.headers),
            **_cluster_authority(weighted.headers),
        }
        for weighted in destinations
    ]
    return {"weighted_clusters": {"clusters": clusters}}


def _cluster_authority(headers: Headers) -> dict[str, Any]:
    authority = _authority(headers)
    return {"host_rewrite_literal": authority} if authority else {}


def _authority(headers: Headers) -> str:
    """A request header operation on Host means a rewrite of the authority."""
    return next((v for k, v in headers.request.set if k.lower() in ("host", ":authority")), "")


def header_fields(headers: Headers) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    for side, operations in (("request", headers.request), ("response", headers.response)):
        added = _added(operations)
        if added:
            fields[f"{side}_headers_to_add"] = added
        if operations.remove:
            fields[f"{side}_headers_to_remove"] = list(operations.remove)
    return fields


def _added(operations: HeaderOperations) -> list[dict[str, Any]]:
    def options(pairs: Labels, action: str) -> list[dict[str, Any]]:
        return [
            {"header": {"key": key, "value": value}, "append_action": action}
            for key, value in pairs
            if key.lower() not in ("host", ":authority")
        ]

    return [
        *options(operations.set, "OVERWRITE_IF_EXISTS_OR_ADD"),
        *options(operations.add, "APPEND_IF_EXISTS_OR_ADD"),
    ]


def _rewrite(rewrite: Rewrite | None) -> dict[str, Any]:
    if rewrite is None:
        return {}
    fields: dict[str, Any] = {}
    if rewrite.uri:
        fields["prefix_rewrite"] = rewrite.uri
    if rewrite.regex:
        fields["regex_rewrite"] = {
            "pattern": {"regex": rewrite.regex},
            "substitution": rewrite.substitution,
        }
    if rewrite.authority:
        fields["host_rewrite_literal"] = rewrite.authority
    return fields


def _redirect(redirect: Redirect, request_port: int) -> dict[str, Any]:
    """Where no port is said, Envoy leaves out the one that is the scheme's default."""
    fields: dict[str, Any] = {"response_code": _REDIRECT_CODES.get(redirect.code, "MOVED_PERMANENTLY")}
    if redirect.uri:
        fields["path_redirect"] = redirect.uri
    if redirect.prefix_rewrite:
        fields["prefix_rewrite"] = redirect.prefix_rewrite
    if redirect.authority:
        fields["host_redirect"] = redirect.authority
    if redirect.scheme:
        fields["scheme_redirect"] = redirect.scheme
    port = request_port if redirect.derive_port == "FROM_REQUEST_PORT" else redirect.port
    if port:
        fields["port_redirect"] = port
    return fields
