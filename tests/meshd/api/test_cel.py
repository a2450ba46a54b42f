"""Expressions are read as CEL, and judged as the real Envoy judges them."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from meshd.api.cel import Call, CelError, Literal, attribute_of, parse_cel
from meshd.api.validate.cel import check_condition, check_value
from toolchain import ensure

GOOD = [
    "response.code >= 400",
    "response.code >= 400 || !has(response.code)",
    "connection.mtls && request.url_path.contains('v1beta3')",
    "'x-user' in request.headers",
    "request.headers['x-user'] == 'a' ? true : request.path.startsWith(\"/b\")",
    "request.url_path.matches('^/[a-z]{2}$')",
    "request.duration > duration('1ms')",
    "response.code in [404, 500] && size(request.headers) > 1",
    "-response.code < -0x1f && 1.5 * 2.0 == 3.0",
    "request.host == '\\'\\x41\\u0042'",
]
"""For Envoy as conditions and as values."""
CONDITIONS_ONLY = ["string(response.code).startsWith('5')", "'a' + request.method == 'aGET'"]
BAD = {
    "": "it has the end at character 1",
    "response.code >": "it has the end at character 16",
    "a ++ b": 'it has "+" at character 4',
    "request.host == 'a": "cannot be read from character 17 on",
    "'\\q' == 'q'": "has the unknown escape \\q",
    "99999999999999999999 == 1": "which is too large",
    "[1, 2].exists(x, x == 1)": "there is no method exists",
    "abs(response.code) == 1": "there is no function abs",
    "request.path.lowerAscii() == ''": "there is no method lowerAscii",
    "request.path.contains('a', 'b')": "contains() takes 1 argument",
    "has(request.headers['a'])": "has() takes an attribute such as",
    "request.path.matches('(')": "is no RE2 regular expression",
    "request.path.matches(request.host)": "matches() takes a regular expression in quotes",
    "request.in == 'a'": 'it has "in" at character 9',
    "a.b{c: 1}": "cannot be read from character 4 on",
    "(" * 30 + "1" + ")" * 30: "is nested more than 24 levels deep",
}
UNKNOWN = {
    "request.hots == 'a'": "there is no request.hots; did you mean request.host?",
    "request.host.name == 'a'": "request.host has no fields",
    "upstream_peer.workload == 'a'": "is known to Istio's own build of Envoy alone",
    "node.metadata['a'] == 'b'": "is known to Istio's own build of Envoy alone",
    "nobody == 'a'": "there is no nobody",
    "request == 'a'": "request is no value by itself",
    "a" * 1001: "is longer than 1000 characters",
}


def reasons(expression: str) -> list[str]:
    return [problem.reason for problem in check_condition(expression, "")]


@pytest.mark.parametrize("expression", [*GOOD, *CONDITIONS_ONLY])
def test_accepts(expression: str) -> None:
    assert reasons(expression) == []


@pytest.mark.parametrize(("expression", "reason"), [*BAD.items(), *UNKNOWN.items()])
def test_refuses(expression: str, reason: str) -> None:
    assert any(reason in found for found in reasons(expression)), reasons(expression)


@pytest.mark.parametrize("expression", ["'a' + request.host", "size(string(response.code))", "request.path + '%'"])
def test_values_of_labels_cannot_make_text(expression: str) -> None:
    assert list(check_value(expression, ""))


def test_operators_bind_as_in_cel() -> None:
    assert parse_cel("1 + 2 * 3 == 7 || a") == Call(
        "||",
        (
            Call("==", (Call("+", (Literal(1), Call("*", (Literal(2), Literal(3))))), Literal(7))),
            parse_cel("a"),
        ),
    )
    assert parse_cel("a ? b : c ? d : e") == parse_cel("a ? b : (c ? d : e)")
    assert parse_cel("1 - 2 - 3") == parse_cel("(1 - 2) - 3")


def test_attributes_are_recognised() -> None:
    assert attribute_of(parse_cel("request.host")) == ("request.host", "")
    assert attribute_of(parse_cel('request.headers["x-a"]')) == ("request.headers", "x-a")
    assert attribute_of(parse_cel("request.host == 'a'")) is None


def test_errors_are_of_one_kind() -> None:
    with pytest.raises(CelError):
        parse_cel("(")


def validate(path: Path, loggers: list[dict[str, Any]]) -> subprocess.CompletedProcess[str]:
    """Whether the real Envoy takes a TCP proxy with these access loggers."""
    kind = "type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy"
    proxy = {"@type": kind, "stat_prefix": "a", "cluster": "a", "access_log": loggers}
    listener = {
        "name": "a",
        "address": {"socket_address": {"address": "127.0.0.1", "port_value": 0}},
        "filter_chains": [{"filters": [{"name": "a", "typed_config": proxy}]}],
    }
    clusters = [{"name": "a", "type": "STATIC"}]
    path.write_text(json.dumps({"static_resources": {"listeners": [listener], "clusters": clusters}}))
    return subprocess.run(
        [ensure("envoy"), "--mode", "validate", "-c", path, "-l", "critical"], capture_output=True, text=True
    )


def condition(expression: str) -> dict[str, Any]:
    extensions = "type.googleapis.com/envoy.extensions.access_loggers"
    config = {"enable_string_conversion": True, "enable_string_concat": True}
    cel = {"@type": f"{extensions}.filters.cel.v3.ExpressionFilter", "expression": expression, "cel_config": config}
    return {
        "name": "a",
        "filter": {"extension_filter": {"name": "cel", "typed_config": cel}},
        "typed_config": {"@type": f"{extensions}.stream.v3.StdoutAccessLog"},
    }


def value(expression: str) -> dict[str, Any]:
    stream = "type.googleapis.com/envoy.extensions.access_loggers.stream.v3.StdoutAccessLog"
    log_format = {"text_format_source": {"inline_string": f"%CEL({expression})%"}}
    return {"name": "a", "typed_config": {"@type": stream, "log_format": log_format}}


def test_envoy_accepts_what_is_accepted(tmp_path: Path) -> None:
    loggers = [*map(condition, [*GOOD, *CONDITIONS_ONLY]), *map(value, GOOD)]
    done = validate(tmp_path / "envoy.json", loggers)
    assert done.returncode == 0, done.stderr[-2000:]


@pytest.mark.parametrize(
    "expression",
    ["a ++ b", "'\\q' == 'q'", "abs(response.code) == 1", "request.path.matches('(')", "request.in == 'a'"],
)
def test_envoy_refuses_what_is_refused(expression: str, tmp_path: Path) -> None:
    assert validate(tmp_path / "envoy.json", [condition(expression)]).returncode != 0
