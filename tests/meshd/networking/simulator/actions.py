"""What the route that a request fits does with it."""

import base64
import re
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from tests.meshd.networking.simulator.request import Outcome, Request

Json = dict[str, Any]
_STATUS = {"FOUND": 302, "SEE_OTHER": 303, "TEMPORARY_REDIRECT": 307, "PERMANENT_REDIRECT": 308}
_DEFAULT_PORTS = {"http": ":80", "https": ":443"}


def outcome_of(route: Json, request: Request) -> Outcome:
    """https://www.envoyproxy.io/docs/envoy/latest/api-v3/config/route/v3/route_components.proto"""
    name = route.get("name", "")
    answered = applied(route, "response", {})
    if "redirect" in route:
        redirect = route["redirect"]
        status = _STATUS.get(redirect.get("responseCode", ""), 301)
        location = _location(redirect, route["match"], request)
        return Outcome(status=status, location=location, response_headers=answered, route=name)
    if "directResponse" in route:
        response = route["directResponse"]
        body = base64.b64decode(response.get("body", {}).get("inlineBytes", ""))
        return Outcome(status=response["status"], body=body, response_headers=answered, route=name)
    action = route["route"]
    shares = _shares(action)
    return Outcome(
        clusters=shares,
        host=action.get("hostRewriteLiteral", request.host),
        path=_rewritten(action, route["match"], request),
        headers=applied(route, "request", request.headers),
        response_headers=answered,
        mirrors=tuple(policy["cluster"] for policy in action.get("requestMirrorPolicies", ())),
        route=name,
    )


def weighted(route: Json, request: Request, cluster: str) -> Outcome:
    """The same for one of several clusters: its operations on headers come before the route's."""
    outcome = outcome_of(route, request)
    [entry] = [each for each in route["route"]["weightedClusters"]["clusters"] if each["name"] == cluster]
    return Outcome(
        clusters={cluster: Fraction(1)},
        host=entry.get("hostRewriteLiteral", outcome.host),
        path=outcome.path,
        headers=applied(route, "request", applied(entry, "request", request.headers)),
        response_headers=applied(route, "response", applied(entry, "response", {})),
        mirrors=outcome.mirrors,
        route=outcome.route,
    )


def _shares(action: Json) -> dict[str, Fraction]:
    if "cluster" in action:
        return {action["cluster"]: Fraction(1)}
    clusters = action["weightedClusters"]["clusters"]
    total = sum(each.get("weight", 0) for each in clusters)
    shares: dict[str, Fraction] = {}
    for each in clusters:
        shares[each["name"]] = shares.get(each["name"], Fraction(0)) + Fraction(each.get("weight", 0), total)
    return shares


def applied(place: Json, side: str, headers: Mapping[str, str]) -> dict[str, str]:
    """`headers` after the operations of a route or weighted cluster: what is to go first, then the others in order."""
    gone = {name.lower() for name in place.get(f"{side}HeadersToRemove", ())}
    made = {name.lower(): value for name, value in headers.items() if name.lower() not in gone}
    for option in place.get(f"{side}HeadersToAdd", ()):
        name, value = option["header"]["key"].lower(), option["header"]["value"].replace("%%", "%")
        appended = option.get("appendAction", "APPEND_IF_EXISTS_OR_ADD") == "APPEND_IF_EXISTS_OR_ADD"
        made[name] = f"{made[name]},{value}" if appended and name in made else value
    return made


def _rewritten(action: Json, match: Json, request: Request) -> str:
    path = request.bare_path
    if "regexRewrite" in action:
        pattern, substitution = action["regexRewrite"]["pattern"]["regex"], action["regexRewrite"]["substitution"]
        path = re.sub(pattern, re.sub(r"\\0", r"\\g<0>", substitution), path)
    elif "prefixRewrite" in action:
        path = _exchanged(action["prefixRewrite"], match, path)
    return path + request.query


def _exchanged(prefix: str, match: Json, path: str) -> str:
    """`prefix` in place of the matched prefix; of an exact path, or one that an expression matched, of all of it."""
    return prefix + path[len(match["prefix"]) :] if "prefix" in match else prefix


def _location(redirect: Json, match: Json, request: Request) -> str:
    scheme = redirect.get("schemeRedirect", request.scheme)
    port = f":{redirect['portRedirect']}" if "portRedirect" in redirect else ""
    host = redirect.get("hostRedirect") or _without_port(request, scheme, port)
    path = request.path
    if "pathRedirect" in redirect:
        path = redirect["pathRedirect"] + ("" if "?" in redirect["pathRedirect"] else request.query)
    elif "prefixRewrite" in redirect:
        path = _exchanged(redirect["prefixRewrite"], match, request.bare_path) + request.query
    return f"{scheme}://{host}{port}{path}"


def _without_port(request: Request, scheme: str, port: str) -> str:
    """The request's Host; without its port when another one follows, or when it was the default of another scheme."""
    name, colon, number = request.host.partition(":")
    old_default = scheme != request.scheme and f":{number}" == _DEFAULT_PORTS[request.scheme]
    return name if colon and (port or old_default) else request.host
