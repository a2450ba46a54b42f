"""Which virtual host and which route a request fits."""

import re
from collections.abc import Iterable
from typing import Any
from urllib.parse import parse_qsl

from tests.meshd.networking.simulator.request import Request

Json = dict[str, Any]


def virtual_host_of(configuration: Json, virtual_hosts: Iterable[Json], request: Request) -> Json | None:
    """An exact domain, else the longest wildcard at its start, else "*". Envoy looks at them without regard to case."""
    host = request.host.lower()
    if configuration.get("ignorePortInHostMatching"):
        host = re.sub(r":\d+$", "", host)
    found = [(rank, hosted) for hosted in virtual_hosts if (rank := _rank(hosted["domains"], host)) > 0]
    return max(found, key=lambda pair: pair[0])[1] if found else None


def _rank(domains: Iterable[str], host: str) -> int:
    return max(_rank_of(domain.lower(), host) for domain in domains)


def _rank_of(domain: str, host: str) -> int:
    if domain == host:
        return 1_000_000
    if domain == "*":
        return 1
    assert not domain.endswith("*"), f"{domain}: wildcards at the end are not modelled"
    fits = domain.startswith("*") and host.endswith(domain[1:]) and len(host) >= len(domain)
    return len(domain) if fits else 0


def fits(match: Json, request: Request) -> bool:
    """RouteMatch."""
    known = {"prefix", "path", "safeRegex", "caseSensitive", "headers", "queryParameters"}
    assert match.keys() <= known, f"{match.keys() - known} is not modelled"
    return (
        _fits_path(match, request.bare_path)
        and all(_fits_header(matcher, request) for matcher in match.get("headers", ()))
        and all(_fits_query(matcher, request) for matcher in match.get("queryParameters", ()))
    )


def _fits_path(match: Json, path: str) -> bool:
    if "safeRegex" in match:
        return re.fullmatch(match["safeRegex"]["regex"], path) is not None
    wanted = match.get("path", match.get("prefix"))
    assert wanted is not None
    if not match.get("caseSensitive", True):
        wanted, path = wanted.lower(), path.lower()
    return path == wanted if "path" in match else path.startswith(wanted)


def _fits_header(matcher: Json, request: Request) -> bool:
    """A header that is missing fits no matcher on its value, inverted or not, unless it counts as empty."""
    value, inverted = request.header(matcher["name"]), matcher.get("invertMatch", False)
    if matcher.get("presentMatch"):
        return (value is not None) is not inverted
    if value is None and not matcher.get("treatMissingHeaderAsEmpty"):
        return False
    return fits_string(matcher["stringMatch"], value or "") is not inverted


def _fits_query(matcher: Json, request: Request) -> bool:
    parameters = dict(reversed(parse_qsl(request.query[1:], keep_blank_values=True)))  # the first of a name counts
    value = parameters.get(matcher["name"])
    if value is None or matcher.get("presentMatch"):
        return value is not None
    return fits_string(matcher["stringMatch"], value)


def fits_string(matcher: Json, value: str) -> bool:
    """StringMatcher."""
    [(kind, wanted)] = matcher.items()
    if kind == "safeRegex":
        return re.fullmatch(wanted["regex"], value) is not None
    results: dict[str, bool] = {"exact": value == wanted, "prefix": value.startswith(wanted)}
    return results[kind]
