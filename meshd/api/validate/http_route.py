"""One HTTP route of a VirtualService: what it matches and where it leads."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from meshd.api.istio.route_match import Destination, HTTPMatchRequest
from meshd.api.istio.selector import StringMatch
from meshd.api.istio.virtual_service import HTTPRoute
from meshd.api.problem import Problem, child, listing

from .http_action import check_actions
from .http_header import check_headers, check_matched_name
from .names import check_destination_host, check_gateways, check_labels, check_port, is_dns_label
from .re2 import check_regex


def check_http_route(route: HTTPRoute, path: str, *, is_delegate: bool) -> Iterator[Problem]:
    """Errors of a route; `is_delegate` when its VirtualService has no hosts."""
    yield from _check_target(route, path, is_delegate=is_delegate)
    for index, match in enumerate(route.match):
        yield from _check_match(match, f"{path}.match[{index}]")
    yield from check_weights([destination.weight for destination in route.route], f"{path}.route")
    for index, destination in enumerate(route.route):
        place = f"{path}.route[{index}]"
        yield from check_destination(destination.destination, f"{place}.destination")
        yield from check_headers(destination.headers, f"{place}.headers")
    if route.mirror is not None:
        yield from check_destination(route.mirror, f"{path}.mirror")
    for index, mirror in enumerate(route.mirrors):
        yield from check_destination(mirror.destination, f"{path}.mirrors[{index}].destination")
    yield from check_actions(route, path)


def _check_target(route: HTTPRoute, path: str, *, is_delegate: bool) -> Iterator[Problem]:
    targets = {
        "route": route.route,
        "redirect": route.redirect,
        "directResponse": route.direct_response,
        "delegate": route.delegate,
    }
    chosen = [name for name, value in targets.items() if value]
    if len(chosen) != 1:
        count = "only one" if chosen else "one"
        yield Problem(path, None, f"{count} of {listing(chosen or list(targets))} must say where requests go")
    if route.delegate is not None and is_delegate:
        yield Problem(f"{path}.delegate", None, "a delegate cannot delegate further")
    for answer in ("redirect", "directResponse"):
        if targets[answer] is not None:
            for field, value in (("fault", route.fault), ("rewrite", route.rewrite)):
                if value is not None:
                    yield Problem(f"{path}.{field}", None, f"has no meaning with {answer}; remove one")
    if route.mirror is not None and route.mirrors:
        yield Problem(path, None, "only one of mirror and mirrors may be set")


def check_weights(weights: Sequence[int], path: str) -> Iterator[Problem]:
    """Weights are shares of their sum; one destination alone needs none."""
    for index, weight in enumerate(weights):
        if weight < 0:
            yield Problem(f"{path}[{index}].weight", weight, "must be 0 or more")
    if len(weights) > 1 and sum(weights) <= 0:
        yield Problem(path, None, "the weights of several destinations must not all be 0; give each its share")
    if sum(weights) > 2**32 - 1:
        yield Problem(path, None, "the weights' sum must be below 4294967296")


def check_destination(destination: Destination, path: str) -> Iterator[Problem]:
    """A service, its subset and its port."""
    yield from check_destination_host(destination.host, f"{path}.host")
    if destination.subset and not is_dns_label(destination.subset):
        yield Problem(f"{path}.subset", destination.subset, "must be a name of letters, digits and dashes")
    if destination.port is not None:
        yield from check_port(destination.port.number, f"{path}.port.number")


def _check_match(match: HTTPMatchRequest, path: str) -> Iterator[Problem]:
    for field in ("scheme", "method", "authority"):
        yield from _check_string(getattr(match, field), f"{path}.{field}")
    yield from _check_string(match.uri, f"{path}.uri", empty_prefix=True)
    for name, value in match.headers.items():
        place = child(f"{path}.headers", name)
        yield from check_matched_name(name, place)
        yield from _check_string(value, place)
    for name, value in match.without_headers.items():
        place = child(f"{path}.withoutHeaders", name)
        yield from check_matched_name(name, place)
        if value.regex != "*":  # the one value that is no expression: any
            yield from _check_string(value, place)
    for name, value in match.query_params.items():
        if not name:
            yield Problem(f"{path}.queryParams", name, "must name the parameter")
        yield from _check_string(value, child(f"{path}.queryParams", name))
    yield from check_port(match.port, f"{path}.port", unset=0)
    yield from check_labels(match.source_labels, f"{path}.sourceLabels")
    yield from check_gateways(match.gateways, f"{path}.gateways")
    if match.source_namespace and not is_dns_label(match.source_namespace):
        yield Problem(f"{path}.sourceNamespace", match.source_namespace, "must be the name of a namespace")


def _check_string(match: StringMatch | None, path: str, *, empty_prefix: bool = False) -> Iterator[Problem]:
    if match is None:
        return
    if match.prefix == "" and not empty_prefix:
        yield Problem(f"{path}.prefix", "", "must not be empty")
    if match.regex is not None:
        yield from check_regex(match.regex, f"{path}.regex")
