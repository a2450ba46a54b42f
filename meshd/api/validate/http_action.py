"""What an HTTP route does with requests: redirect, rewrite, retries, faults, CORS, header changes."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from http import HTTPStatus

from meshd.api.istio.http_action import (
    Abort,
    CorsPolicy,
    Delay,
    HTTPBody,
    HTTPDirectResponse,
    HTTPFaultInjection,
    HTTPRedirect,
    HTTPRetry,
    HTTPRewrite,
    Percent,
)
from meshd.api.istio.message import seconds
from meshd.api.istio.virtual_service import HTTPRoute
from meshd.api.problem import Problem, child, listing

from .http_header import check_headers, check_one_line, is_authority, is_token
from .names import check_port
from .re2 import check_regex

RETRY_CONDITIONS = frozenset(
    [
        "5xx",
        "gateway-error",
        "reset",
        "reset-before-request",
        "connect-failure",
        "retriable-4xx",
        "refused-stream",
        "retriable-status-codes",
        "retriable-headers",
        "envoy-ratelimited",
        "http3-post-connect-failure",
        "cancelled",
        "deadline-exceeded",
        "internal",
        "resource-exhausted",
        "unavailable",
    ]
)
GRPC_STATUS = [
    "OK",
    "CANCELLED",
    "UNKNOWN",
    "INVALID_ARGUMENT",
    "DEADLINE_EXCEEDED",
    "NOT_FOUND",
    "ALREADY_EXISTS",
    "PERMISSION_DENIED",
    "RESOURCE_EXHAUSTED",
    "FAILED_PRECONDITION",
    "ABORTED",
    "OUT_OF_RANGE",
    "UNIMPLEMENTED",
    "INTERNAL",
    "UNAVAILABLE",
    "DATA_LOSS",
    "UNAUTHENTICATED",
]
_REDIRECT_CODES = (301, 302, 303, 307, 308)
_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "CONNECT", "OPTIONS", "TRACE", "*")
_BODY_LIMIT = 1024 * 1024


def check_actions(route: HTTPRoute, path: str) -> Iterator[Problem]:
    """Errors of everything in a route but its matches and destinations."""
    yield from check_headers(route.headers, f"{path}.headers")
    if route.redirect is not None:
        yield from _check_redirect(route.redirect, route, f"{path}.redirect")
    if route.direct_response is not None:
        yield from _check_direct_response(route.direct_response, f"{path}.directResponse")
    if route.rewrite is not None:
        yield from _check_rewrite(route.rewrite, route, f"{path}.rewrite")
    if route.retries is not None:
        yield from _check_retry(route.retries, f"{path}.retries")
    if route.fault is not None:
        yield from _check_fault(route.fault, f"{path}.fault")
    if route.cors_policy is not None:
        yield from _check_cors(route.cors_policy, f"{path}.corsPolicy")
    yield from _check_percent(route.mirror_percentage, f"{path}.mirrorPercentage")
    for name, share in (
        ("mirrorPercent", route.mirror_percent),
        ("mirror_percent", route.mirror_percent_as_in_proto),
    ):
        if share is not None and share > 100:
            yield Problem(f"{path}.{name}", share, "must be from 0 to 100")
    for index, mirror in enumerate(route.mirrors):
        yield from _check_percent(mirror.percentage, f"{path}.mirrors[{index}].percentage")


def _check_percent(percent: Percent | None, path: str) -> Iterator[Problem]:
    if percent is not None and not (percent.value == 0 or 0.0001 <= percent.value <= 100):
        yield Problem(f"{path}.value", percent.value, "must be 0, or from 0.0001 to 100")


def _check_status(status: int, path: str) -> Iterator[Problem]:
    if not 200 <= status <= 599:
        yield Problem(path, status, "must be an HTTP status from 200 to 599")


def _check_redirect(redirect: HTTPRedirect, route: HTTPRoute, path: str) -> Iterator[Problem]:
    if redirect.uri and redirect.prefix_rewrite:
        yield Problem(path, None, "only one of uri and prefixRewrite may be set")
    for index, match in enumerate(route.match if redirect.prefix_rewrite else ()):
        if match.uri is not None and match.uri.prefix is None:
            reason = f"needs matches by uri.prefix, which match[{index}] is not"
            yield Problem(f"{path}.prefixRewrite", redirect.prefix_rewrite, reason)
    has_port = redirect.port is not None or redirect.derive_port is not None
    if not (redirect.uri or redirect.prefix_rewrite or redirect.authority or redirect.scheme or has_port):
        yield Problem(path, None, "must change something: set uri, prefixRewrite, authority, scheme or port")
    for name, text in (("uri", redirect.uri), ("authority", redirect.authority)):
        yield from check_one_line(text, f"{path}.{name}")
    if redirect.redirect_code and redirect.redirect_code not in _REDIRECT_CODES:
        codes = listing([str(code) for code in _REDIRECT_CODES])
        yield Problem(f"{path}.redirectCode", redirect.redirect_code, f"must be {codes}")
    if redirect.scheme not in ("", "http", "https"):
        yield Problem(f"{path}.scheme", redirect.scheme, "must be http or https")
    if redirect.port is not None:
        yield from check_port(redirect.port, f"{path}.port", unset=0)


def _check_direct_response(response: HTTPDirectResponse, path: str) -> Iterator[Problem]:
    yield from _check_status(response.status, f"{path}.status")
    if response.body is None:
        return
    try:
        size = _size(response.body)
    except binascii.Error:
        yield Problem(f"{path}.body.bytes", response.body.bytes, "must be base64")
        return
    if size > _BODY_LIMIT:
        yield Problem(f"{path}.body", None, f"has {size} bytes; at most 1 MiB is allowed")


def _size(body: HTTPBody) -> int:
    return len(base64.b64decode(body.bytes, validate=True) if body.bytes else (body.string or "").encode())


def _check_rewrite(rewrite: HTTPRewrite, route: HTTPRoute, path: str) -> Iterator[Problem]:
    regex = rewrite.uri_regex_rewrite
    if rewrite.uri and regex is not None:
        yield Problem(path, None, "only one of uri and uriRegexRewrite may be set")
    if not rewrite.uri and regex is None and not rewrite.authority:
        yield Problem(path, None, "must set uri, uriRegexRewrite or authority")
    for name, text in (("uri", rewrite.uri), ("authority", rewrite.authority)):
        yield from check_one_line(text, f"{path}.{name}")
    if regex is not None:
        yield from check_one_line(regex.rewrite, f"{path}.uriRegexRewrite.rewrite")
        yield from check_regex(regex.match, f"{path}.uriRegexRewrite.match")
        if not regex.rewrite:
            yield Problem(f"{path}.uriRegexRewrite.rewrite", "", "must not be empty")
    request = route.headers.request if route.headers is not None else None
    names = [*request.set, *request.add] if request is not None else []
    if rewrite.authority and any(map(is_authority, names)):
        yield Problem(f"{path}.authority", rewrite.authority, "headers.request changes the host too; keep one")


def _check_retry(retry: HTTPRetry, path: str) -> Iterator[Problem]:
    if retry.attempts < 0:
        yield Problem(f"{path}.attempts", retry.attempts, "must be 0 or more")
    has_policy = retry.per_try_timeout is not None or retry.retry_remote_localities is not None
    if retry.attempts == 0 and (has_policy or retry.retry_on):
        yield Problem(f"{path}.attempts", 0, "0 turns retries off, so nothing else may be set beside it")
    for condition in retry.retry_on.split(",") if retry.retry_on else ():
        if condition not in RETRY_CONDITIONS and not _is_status(condition):
            known = ", ".join(sorted(RETRY_CONDITIONS))
            yield Problem(f"{path}.retryOn", condition, f"must be HTTP status codes or any of {known}")


def _is_status(text: str) -> bool:
    return text.isdecimal() and int(text) in HTTPStatus._value2member_map_


def _check_fault(fault: HTTPFaultInjection, path: str) -> Iterator[Problem]:
    if fault.abort is None and fault.delay is None:
        yield Problem(path, None, "must have an abort or a delay")
    if fault.abort is not None:
        yield from _check_abort(fault.abort, f"{path}.abort")
    if fault.delay is not None:
        yield from _check_delay(fault.delay, f"{path}.delay")


def _check_abort(abort: Abort, path: str) -> Iterator[Problem]:
    yield from _check_percent(abort.percentage, f"{path}.percentage")
    if abort.http_status is not None:
        yield from _check_status(abort.http_status, f"{path}.httpStatus")
    if abort.grpc_status is not None and abort.grpc_status not in GRPC_STATUS:
        yield Problem(f"{path}.grpcStatus", abort.grpc_status, f"must be {listing(GRPC_STATUS)}")
    if abort.http2_error is not None:
        yield Problem(f"{path}.http2Error", abort.http2_error, "cannot be injected; use httpStatus or grpcStatus")


def _check_delay(delay: Delay, path: str) -> Iterator[Problem]:
    yield from _check_percent(delay.percentage, f"{path}.percentage")
    if not 0 <= delay.percent <= 100:
        yield Problem(f"{path}.percent", delay.percent, "must be from 0 to 100")
    if delay.exponential_delay is not None:
        yield Problem(f"{path}.exponentialDelay", delay.exponential_delay, "cannot be injected; use fixedDelay")


def _check_cors(cors: CorsPolicy, path: str) -> Iterator[Problem]:
    for index, origin in enumerate(cors.allow_origins):
        place = f"{path}.allowOrigins[{index}]"
        if not (origin.exact or origin.prefix or origin.regex):
            yield Problem(place, None, "must have an exact, prefix or regex that is not empty")
        elif origin.regex is not None:
            yield from check_regex(origin.regex, f"{place}.regex")
    for index, method in enumerate(cors.allow_methods):
        if method not in _METHODS:
            yield Problem(f"{path}.allowMethods[{index}]", method, f"must be {listing(_METHODS)}")
    for field, names in (("allowHeaders", cors.allow_headers), ("exposeHeaders", cors.expose_headers)):
        for index, name in enumerate(names):
            if not is_token(name):
                yield Problem(f"{child(path, field)}[{index}]", name, "must be the name of an HTTP header or *")
    if cors.max_age is not None and seconds(cors.max_age) % 1:
        yield Problem(f"{path}.maxAge", cors.max_age, "must be whole seconds")
