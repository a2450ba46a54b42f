"""What Istio's documentation says becomes of a request, read off the VirtualServices as they are written.

It shares nothing with meshd but the words of the API. The host is `reviews` and the client is in the mesh.
https://istio.io/latest/docs/reference/config/networking/virtual-service/
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from tests.meshd.networking.simulator.request import Outcome, Request

Json = dict[str, Any]
DEFAULT_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True)
class Client:
    namespace: str
    labels: Mapping[str, str]


@dataclass(frozen=True)
class Rule:
    """A route and the conditions it is under: all of them must hold, a delegate's and its root's."""

    route: Json
    conditions: tuple[Json, ...]


def expected(specs: Sequence[Json], delegates: Mapping[str, Json], request: Request, client: Client) -> Outcome | None:
    """None where no object says anything for such a client: the request goes to the service itself.

    `specs` are for the same host, the oldest first: one object alone counts, the first that has a route for the client.
    """
    for spec in specs:
        rules = [rule for route in spec["http"] for rule in _rules(route, delegates)]
        for_client = [rule for rule in rules if all(_is_for(each, request, client) for each in rule.conditions)]
        if for_client:
            fitting = (rule for rule in for_client if all(_holds(each, request) for each in rule.conditions))
            found = next(fitting, None)
            return _outcome(found, request) if found else Outcome(status=404)
    return None


def _rules(route: Json, delegates: Mapping[str, Json]) -> Iterator[Rule]:
    """One rule for each way to fulfil a route's matches."""
    own = route.get("match") or [{}]
    if "delegate" not in route:
        yield from (Rule(route, (match,)) for match in own)
        return
    for inner in delegates[route["delegate"]["name"]]["http"]:
        merged = {**{name: value for name, value in route.items() if name not in ("delegate", "match")}, **inner}
        for match in inner.get("match") or [{}]:
            yield from (Rule(merged, (match, outer)) for outer in own)


def _is_for(match: Json, request: Request, client: Client) -> bool:
    """What is known before any request is looked at."""
    return (
        "mesh" in match.get("gateways", ["mesh"])
        and match.get("port", request.port) == request.port
        and match.get("sourceNamespace", client.namespace) == client.namespace
        and all(client.labels.get(name) == value for name, value in match.get("sourceLabels", {}).items())
    )


def _holds(match: Json, request: Request) -> bool:
    query = [pair.partition("=") for pair in request.query[1:].split("&") if pair]
    parameters = {name: value for name, _, value in reversed(query)}
    return (
        _uri_holds(match, request.bare_path)
        and _value_holds(match.get("method"), request.method)
        and _value_holds(match.get("authority"), request.host)
        and all(_named_holds(wanted, request.headers.get(name)) for name, wanted in match.get("headers", {}).items())
        and not any(
            _named_holds(unwanted, request.headers.get(name))
            for name, unwanted in match.get("withoutHeaders", {}).items()
        )
        and all(_named_holds(wanted, parameters.get(name)) for name, wanted in match.get("queryParams", {}).items())
    )


def _uri_holds(match: Json, path: str) -> bool:
    """The case is ignored for exact and prefix matches alone."""
    wanted = match.get("uri")
    if wanted and match.get("ignoreUriCase") and "regex" not in wanted:
        wanted, path = {kind: value.lower() for kind, value in wanted.items()}, path.lower()
    return _value_holds(wanted, path)


def _named_holds(wanted: Json, value: str | None) -> bool:
    """An empty match asks only that the name is there."""
    return value is not None and (not wanted or _value_holds(wanted, value))


def _value_holds(wanted: Json | None, value: str) -> bool:
    if not wanted:
        return True
    if "regex" in wanted:
        return re.fullmatch(wanted["regex"], value) is not None
    return value == wanted["exact"] if "exact" in wanted else value.startswith(wanted["prefix"])


def _outcome(rule: Rule, request: Request) -> Outcome:
    route = rule.route
    answered = _changed({}, route.get("headers", {}).get("response", {}))
    if "directResponse" in route:
        return Outcome(status=route["directResponse"]["status"], response_headers=answered)
    if "redirect" in route:
        code, location = route["redirect"].get("redirectCode", 301), _location(route["redirect"], request)
        return Outcome(status=code, location=location, response_headers=answered)
    destinations = route["route"]
    total = sum(each.get("weight", 0) for each in destinations)
    shares = {
        each["destination"]["host"]: Fraction(each.get("weight", 0), total) if len(destinations) > 1 else Fraction(1)
        for each in destinations
        if len(destinations) == 1 or each.get("weight", 0)
    }
    operations = route.get("headers", {}).get("request", {})
    named = {name.lower(): value for change in ("add", "set") for name, value in operations.get(change, {}).items()}
    rewrite = route.get("rewrite", {})
    others = {change: _without_host(operations.get(change, {})) for change in ("set", "add")}
    return Outcome(
        clusters=shares,
        host=rewrite.get("authority") or named.get("host") or request.host,
        path=_rewritten(rewrite, rule.conditions, request),
        headers=_changed(request.headers, {**operations, **others}),
        response_headers=answered,
    )


def _without_host(pairs: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in pairs.items() if name.lower() != "host"}


def _changed(headers: Mapping[str, str], operations: Json) -> dict[str, str]:
    """Removed, then set, then added to."""
    made = {name: value for name, value in headers.items() if name not in operations.get("remove", ())}
    made.update(operations.get("set", {}))
    for name, value in operations.get("add", {}).items():
        made[name] = f"{made[name]},{value}" if name in made else value
    return made


def _rewritten(rewrite: Json, conditions: Sequence[Json], request: Request) -> str:
    """The part of the path that the match named is exchanged: a prefix, or all of it."""
    uri = next((match["uri"] for match in conditions if "uri" in match), {"prefix": "/"})
    path = request.bare_path
    if "uri" in rewrite:
        path = rewrite["uri"] + (path[len(uri["prefix"]) :] if "prefix" in uri else "")
    return path + request.query


def _location(redirect: Json, request: Request) -> str:
    """What is not said stays as in the request; the default port of a scheme is left out."""
    scheme = redirect.get("scheme", "http")
    port = redirect.get("port", request.port if redirect.get("derivePort") == "FROM_REQUEST_PORT" else 0)
    written = f":{port}" if port and port != DEFAULT_PORTS[scheme] else ""
    path = redirect["uri"] + request.query if "uri" in redirect else request.path
    return f"{scheme}://{redirect.get('authority', request.host)}{written}{path}"
