"""Names and values of HTTP headers that Envoy accepts."""

from __future__ import annotations

import re
from collections.abc import Iterator

from meshd.api.istio.http_action import HeaderOperations, Headers
from meshd.api.problem import Problem, child

_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~A-Za-z0-9]+")
_PSEUDO = {":method", ":scheme", ":authority", ":path", ":status"}
_JWT_CLAIM = re.compile(r"@request\.auth\.claims(\.\S+|(\[\S+\])+)")
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
# Literal text, a doubled percent sign, or a command such as %REQ(x-team?:path):10%
_COMMAND = re.compile(r"%([A-Z0-9_]+)(?:\([^)]*\))?(?::[0-9]+)?%")
_FORMAT = re.compile(r"(?:[^%]|%%|%[A-Z0-9_]+(?:\([^)]*\))?(?::[0-9]+)?%)*")

COMMANDS = frozenset(
    (
        *("REQ", "RESP", "TRAILER", "METADATA", "DYNAMIC_METADATA", "CLUSTER_METADATA", "UPSTREAM_METADATA"),
        *(
            "FILTER_STATE",
            "UPSTREAM_FILTER_STATE",
            "ENVIRONMENT",
            "PROTOCOL",
            "HOSTNAME",
            "START_TIME",
            "START_TIME_LOCAL",
        ),
        *("DOWNSTREAM_REMOTE_ADDRESS", "DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT", "DOWNSTREAM_REMOTE_PORT"),
        *("DOWNSTREAM_DIRECT_REMOTE_ADDRESS", "DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT"),
        *("DOWNSTREAM_DIRECT_REMOTE_PORT", "DOWNSTREAM_LOCAL_ADDRESS", "DOWNSTREAM_LOCAL_ADDRESS_WITHOUT_PORT"),
        *("DOWNSTREAM_LOCAL_PORT", "DOWNSTREAM_LOCAL_URI_SAN", "DOWNSTREAM_PEER_URI_SAN", "DOWNSTREAM_LOCAL_DNS_SAN"),
        *("DOWNSTREAM_PEER_DNS_SAN", "DOWNSTREAM_LOCAL_SUBJECT", "DOWNSTREAM_PEER_SUBJECT", "DOWNSTREAM_PEER_ISSUER"),
        *("DOWNSTREAM_TLS_SESSION_ID", "DOWNSTREAM_TLS_CIPHER", "DOWNSTREAM_TLS_VERSION", "DOWNSTREAM_PEER_SERIAL"),
        *("DOWNSTREAM_PEER_FINGERPRINT_256", "DOWNSTREAM_PEER_FINGERPRINT_1", "DOWNSTREAM_PEER_CERT"),
        *("DOWNSTREAM_PEER_CERT_V_START", "DOWNSTREAM_PEER_CERT_V_END", "DOWNSTREAM_TRANSPORT_FAILURE_REASON"),
        *(
            "UPSTREAM_REMOTE_ADDRESS",
            "UPSTREAM_REMOTE_ADDRESS_WITHOUT_PORT",
            "UPSTREAM_REMOTE_PORT",
            "UPSTREAM_CLUSTER",
        ),
        *("UPSTREAM_LOCAL_ADDRESS", "UPSTREAM_LOCAL_ADDRESS_WITHOUT_PORT", "UPSTREAM_LOCAL_PORT", "UPSTREAM_HOST"),
        *("REQUESTED_SERVER_NAME", "VIRTUAL_CLUSTER_NAME", "VIRTUAL_HOST_NAME", "ROUTE_NAME", "RESPONSE_CODE"),
        *("RESPONSE_CODE_DETAILS", "RESPONSE_FLAGS", "RESPONSE_FLAGS_LONG", "GRPC_STATUS", "GRPC_STATUS_NUMBER"),
        *("CONNECTION_ID", "STREAM_ID", "TRACE_ID", "BYTES_RECEIVED", "BYTES_SENT", "DURATION", "ATTEMPT_COUNT"),
        *("UPSTREAM_REQUEST_ATTEMPT_COUNT", "PATH", "HOST", "QUERY_PARAM"),
    )
)
"""https://www.envoyproxy.io/docs/envoy/latest/configuration/advanced/substitution_formatter"""


def is_token(name: str) -> bool:
    """A header name as HTTP allows it."""
    return _TOKEN.fullmatch(name) is not None


def is_authority(name: str) -> bool:
    """The header that is the request's authority."""
    return name.lower() in ("host", ":authority")


def check_matched_name(name: str, path: str) -> Iterator[Problem]:
    """A header that a match looks at; pseudo headers and JWT claims are among them."""
    if not (is_token(name) or name in _PSEUDO or _JWT_CLAIM.fullmatch(name)):
        yield Problem(path, name, "must be the name of an HTTP header")


def check_headers(headers: Headers | None, path: str) -> Iterator[Problem]:
    """Header changes of a route or destination. Only requests may change their authority."""
    if headers is None:
        return
    if headers.request is not None:
        yield from _check_operations(headers.request, child(path, "request"), authority=True)
    if headers.response is not None:
        yield from _check_operations(headers.response, child(path, "response"), authority=False)


def _check_operations(operations: HeaderOperations, path: str, *, authority: bool) -> Iterator[Problem]:
    for field, changes in (("set", operations.set), ("add", operations.add)):
        for name, value in changes.items():
            place = child(f"{path}.{field}", name)
            if not (authority and is_authority(name)):
                yield from _check_changed_name(name, place)
            yield from check_header_value(value, place)
    for index, name in enumerate(operations.remove):
        yield from _check_changed_name(name, f"{path}.remove[{index}]")


def _check_changed_name(name: str, path: str) -> Iterator[Problem]:
    if is_authority(name) or name.startswith(":"):
        yield Problem(path, name, "Host and headers that start with : cannot be changed; use rewrite")
    elif not is_token(name):
        yield Problem(path, name, "must be the name of an HTTP header")


def check_one_line(text: str, path: str) -> Iterator[Problem]:
    """Text that becomes part of a header: a line break in it would begin another one."""
    if _CONTROL.search(text):
        yield Problem(path, text, "must not hold control characters")


def check_header_value(value: str, path: str) -> Iterator[Problem]:
    """A value, possibly with Envoy's format commands."""
    if _CONTROL.search(value):
        yield Problem(path, value, "must not hold control characters")
    elif not _FORMAT.fullmatch(value):
        yield Problem(path, value, "has an unfinished %COMMAND%; write %% for a percent sign")
    else:
        for command in _COMMAND.findall(value.replace("%%", "")):
            if command not in COMMANDS:
                yield Problem(path, value, f"%{command}% is no command of Envoy's; write %% for a percent sign")
