"""What happens to a request that matched: forwarded, redirected or answered."""

from typing import Any

from meshd.model.route import DirectResponse, Headers, HttpRoute, Rewrite, WeightedDestination
from meshd.networking.place import Place
from meshd.networking.proto import duration, fraction
from meshd.networking.routes.headers import authority_of, header_fields
from meshd.networking.routes.redirect import redirect_action
from meshd.networking.routes.retry import retry_policy
from meshd.networking.routes.upstream import Upstreams


def action_fields(rule: HttpRoute, place: Place, upstreams: Upstreams) -> dict[str, Any]:
    """The action field of a Route and the header operations beside it, which count for every action."""
    if rule.redirect is not None:
        return {"redirect": redirect_action(rule.redirect, place), **header_fields(rule.headers)}
    if rule.direct_response is not None:
        return {"direct_response": _direct_response(rule.direct_response), **header_fields(rule.headers)}
    of_destination = rule.destinations[0].headers if len(rule.destinations) == 1 else Headers()
    return {"route": forward_action(rule, upstreams), **header_fields(rule.headers, of_destination)}


def _direct_response(response: DirectResponse) -> dict[str, Any]:
    fields: dict[str, Any] = {"status": response.status}
    if response.body:
        fields["body"] = {"inline_bytes": response.body}
    return fields


def forward_action(rule: HttpRoute, upstreams: Upstreams) -> dict[str, Any]:
    """RouteAction. Without a timeout in the rule there is none, as in Istio."""
    action: dict[str, Any] = {
        **_destinations(rule.destinations, upstreams),
        "timeout": duration(rule.timeout or 0.0),
        **_rewrite(rule.rewrite),
    }
    hash_policies = [p for d in rule.destinations for p in upstreams.hash_policies(d.destination)]
    if hash_policies:
        action["hash_policy"] = hash_policies
    retries = retry_policy(rule.retries, hashed=bool(hash_policies) and len(rule.destinations) == 1)
    if retries is not None:
        action["retry_policy"] = retries
    authority = _authority(rule)
    if authority:
        action["host_rewrite_literal"] = authority
    mirrors = _mirrors(rule, upstreams)
    if mirrors:
        action["request_mirror_policies"] = mirrors
    return action


def _destinations(destinations: tuple[WeightedDestination, ...], upstreams: Upstreams) -> dict[str, Any]:
    """A single destination's header operations are the route's own, so that they come after the rule's."""
    if len(destinations) == 1:
        return {"cluster": upstreams.cluster(destinations[0].destination)}
    clusters = []
    for weighted in destinations:
        authority = authority_of(weighted.headers)
        clusters.append(
            {
                "name": upstreams.cluster(weighted.destination),
                "weight": {"value": weighted.weight},
                **header_fields(weighted.headers),
                **({"host_rewrite_literal": authority} if authority else {}),
            }
        )
    return {"weighted_clusters": {"clusters": clusters}}


def _authority(rule: HttpRoute) -> str:
    """The rewrite's authority, else the Host that the rule sets, else the one its single destination sets."""
    rewritten = rule.rewrite.authority if rule.rewrite else ""
    of_destination = authority_of(rule.destinations[0].headers) if len(rule.destinations) == 1 else ""
    return rewritten or authority_of(rule.headers) or of_destination


def _mirrors(rule: HttpRoute, upstreams: Upstreams) -> list[dict[str, Any]]:
    """Copies keep the Host of the request, as in Istio since 1.28."""
    return [
        {
            "cluster": upstreams.cluster(mirror.destination),
            "runtime_fraction": {"default_value": fraction(mirror.percent)},
            "trace_sampled": {"value": False},
            "disable_shadow_host_suffix_append": True,
        }
        for mirror in rule.mirrors
        if mirror.percent > 0
    ]


def _rewrite(rewrite: Rewrite | None) -> dict[str, Any]:
    if rewrite is None:
        return {}
    if rewrite.regex:
        return {"regex_rewrite": {"pattern": {"regex": rewrite.regex}, "substitution": rewrite.substitution}}
    return {"prefix_rewrite": rewrite.uri} if rewrite.uri else {}
