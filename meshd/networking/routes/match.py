"""Conditions of a rule as Envoy's RouteMatch."""

from typing import Any

from meshd.model.route import HttpMatch, MatchKind, NamedMatch, StringMatch
from meshd.networking.proto import boolean
from meshd.networking.routes.claims import is_claim, metadata_matcher
from meshd.networking.routes.values import string_matcher

CATCH_ALL: dict[str, Any] = {"prefix": "/"}


def route_match(match: HttpMatch) -> dict[str, Any]:
    """https://istio.io/latest/docs/reference/config/networking/virtual-service/#HTTPMatchRequest"""
    made: dict[str, Any] = dict(_path(match.uri))
    if match.ignore_uri_case and "safe_regex" not in made:
        made["case_sensitive"] = boolean(False)
    headers = [header_matcher(named) for named in match.headers if not is_claim(named)]
    headers += [_without(named) for named in match.without_headers if not is_claim(named)]
    for name, value in (
        (":method", match.method),
        (":scheme", match.scheme),
        (":authority", match.authority),
    ):
        if value is not None:
            headers.append(header_matcher(NamedMatch(name, value)))
    if headers:
        made["headers"] = headers
    claims = [metadata_matcher(named, invert=False) for named in match.headers if is_claim(named)]
    claims += [metadata_matcher(named, invert=True) for named in match.without_headers if is_claim(named)]
    if claims:
        made["dynamic_metadata"] = claims
    if match.query_params:
        made["query_parameters"] = [_query_parameter(named) for named in match.query_params]
    return made


def _path(uri: StringMatch | None) -> dict[str, Any]:
    if uri is None:
        return CATCH_ALL
    if uri.kind is MatchKind.EXACT:
        return {"path": uri.value}
    if uri.kind is MatchKind.PREFIX:
        return {"prefix": uri.value}
    return {"safe_regex": {"regex": uri.value}}


def header_matcher(named: NamedMatch) -> dict[str, Any]:
    if named.match.kind is MatchKind.PRESENT:
        return {"name": named.name, "present_match": True}
    return {"name": named.name, "string_match": string_matcher(named.match)}


def _without(named: NamedMatch) -> dict[str, Any]:
    """A header that is not there has no such value either: without a word about it Envoy would say no to both."""
    inverted = {**header_matcher(named), "invert_match": True}
    return inverted if named.match.kind is MatchKind.PRESENT else {**inverted, "treat_missing_header_as_empty": True}


def takes_all(match: dict[str, Any]) -> bool:
    """Whether a RouteMatch lets every request in, so that none gets to the routes behind it."""
    every_path = match.get("prefix") == "/" or match.get("safe_regex") == {"regex": ".*"}
    return every_path and not any(match.get(name) for name in ("headers", "query_parameters", "dynamic_metadata"))


def _query_parameter(named: NamedMatch) -> dict[str, Any]:
    if named.match.kind is MatchKind.PRESENT:
        return {"name": named.name, "present_match": True}
    return {"name": named.name, "string_match": string_matcher(named.match)}
