"""Expressions of Telemetry: only what Envoy compiles and can find a value for is let in."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches

from meshd.api.cel import Call, CelError, Index, Literal, Name, Node, Select, nodes, parse_cel, without_string
from meshd.api.problem import Problem, listing

from .re2 import check_regex

_CERTIFICATES = (
    "tls_version subject_local_certificate subject_peer_certificate dns_san_local_certificate dns_san_peer_certificate "
    "uri_san_local_certificate uri_san_peer_certificate sha256_peer_certificate_digest transport_failure_reason"
)
_ATTRIBUTES = {
    "request": (
        "path url_path host scheme method headers referer useragent time id protocol query duration size total_size"
    ),
    "response": "code code_details flags grpc_status headers trailers size total_size backend_latency",
    "source": "address port",
    "destination": "address port",
    "connection": f"id mtls requested_server_name termination_details {_CERTIFICATES}",
    "upstream": f"address port local_address request_attempt_count cx_pool_ready_duration {_CERTIFICATES}",
    "xds": "cluster_name route_name filter_chain_name virtual_host_name listener_direction",
}
"""https://www.envoyproxy.io/docs/envoy/latest/intro/arch_overview/advanced/attributes"""
_OF_MAPS = ("headers", "trailers")
_ISTIO_ONLY = ("upstream_peer", "downstream_peer", "filter_state", "listener_metadata", "node")
_OPERATORS = frozenset(("?:", "||", "&&", "==", "!=", "<", "<=", ">", ">=", "in", "-", "*", "/", "%", "!", "[]"))
_FUNCTIONS = {"size": 1, "int": 1, "double": 1, "has": 1, "duration": 1, "timestamp": 1}
_METHODS = {"size": 0, "contains": 1, "startsWith": 1, "endsWith": 1, "matches": 1}
TEXT_MAKING = frozenset(("+", "string"))
"""What Envoy does where it is told to, which it cannot be in the value of a metric's label."""


def check_condition(expression: str, path: str) -> Iterator[Problem]:
    """Why an expression cannot decide what is logged."""
    yield from _check(expression, path, TEXT_MAKING)


def check_value(expression: str, path: str) -> Iterator[Problem]:
    """Why an expression cannot be the value of a label. `string(…)` around all of it says what is so anyhow."""
    if "%" in expression:
        yield Problem(path, expression, "must not contain %, which has a meaning of its own in Envoy's formats")
        return
    yield from _check(expression, path, frozenset())


def _check(expression: str, path: str, more: frozenset[str]) -> Iterator[Problem]:
    try:
        root = parse_cel(expression)
    except CelError as error:
        yield Problem(path, expression, f"is no CEL expression: it {error}")
        return
    for reason in dict.fromkeys(_reasons(root if more else without_string(root), more)):
        yield Problem(path, expression, reason)


def _reasons(root: Node, more: frozenset[str]) -> Iterator[str]:
    selected: set[int] = set()
    for node in nodes(root):
        match node:
            case Select(operand=Name(name=group), field=field):
                selected.add(id(node.operand))
                yield from _attribute(group, field)
            case Index(operand=Name(name=group), key=Literal(value=str(field))):
                selected.add(id(node.operand))
                yield from _attribute(group, field)
            case Select(operand=Select(operand=Name(name=group), field=field)) if field not in _OF_MAPS:
                yield f"{group}.{field} has no fields"
            case Name(name=name) if id(node) not in selected:
                yield from _group(name)
            case Call():
                yield from _call(node, more)


def _attribute(group: str, field: str) -> Iterator[str]:
    known = _ATTRIBUTES.get(group, "").split()
    if not known:
        yield from _group(group)
    elif field not in known:
        close = get_close_matches(field, known, n=1)
        yield f"there is no {group}.{field}; " + (
            f"did you mean {group}.{close[0]}?" if close else f"{group} has {listing(sorted(known))}"
        )


def _group(name: str) -> Iterator[str]:
    if name in _ISTIO_ONLY:
        yield f"{name} is known to Istio's own build of Envoy alone, which this mesh does without"
    elif name in _ATTRIBUTES:
        yield f"{name} is no value by itself; name one of its attributes, such as {name}.{_ATTRIBUTES[name].split()[0]}"
    else:
        yield f"there is no {name}; put text in quotes, or use an attribute of {listing(sorted(_ATTRIBUTES))}"


def _call(call: Call, more: frozenset[str]) -> Iterator[str]:
    name, count = call.function, len(call.arguments)
    alone = call.target is None
    if alone and (name in _OPERATORS or (name == "+" and name in more)):
        return
    known = {**_FUNCTIONS, **({"string": 1} if "string" in more else {})} if alone else _METHODS
    if alone and name in TEXT_MAKING and name not in more:
        yield f"{name} makes text, which Envoy does not do here; use one attribute, or one text in quotes for a case"
    elif name not in known:
        yield f"there is no {'function' if alone else 'method'} {name}; there are {listing(sorted(known))}"
    elif count != known[name]:
        yield f"{name}() takes {known[name] or 'no'} argument{'s' if known[name] != 1 else ''}"
    elif name == "has" and not isinstance(call.arguments[0], Select):
        yield "has() takes an attribute such as has(request.host); of a header use 'x-name' in request.headers"
    elif name == "matches":
        yield from _pattern(call.arguments[0])


def _pattern(argument: Node) -> Iterator[str]:
    match argument:
        case Literal(value=str(pattern)):
            yield from (problem.reason for problem in check_regex(pattern, ""))
        case _:
            yield "matches() takes a regular expression in quotes"
