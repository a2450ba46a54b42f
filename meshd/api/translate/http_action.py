"""The parts of an HTTP route beside its matches and destinations."""

import base64
from collections.abc import Callable

from meshd.api.istio import http_action as istio
from meshd.api.istio.route_match import Destination as IstioDestination
from meshd.api.istio.virtual_service import HTTPRoute
from meshd.api.translate.names import optional_seconds
from meshd.api.translate.string_match import string_match
from meshd.model.labels import labels_of
from meshd.model.route import (
    Cors,
    Destination,
    DirectResponse,
    Fault,
    HeaderOperations,
    Headers,
    MatchKind,
    Mirror,
    Redirect,
    RetryPolicy,
    Rewrite,
    StringMatch,
)


def translate_headers(headers: istio.Headers | None) -> Headers:
    if headers is None:
        return Headers()
    return Headers(_operations(headers.request), _operations(headers.response))


def _operations(operations: istio.HeaderOperations | None) -> HeaderOperations:
    if operations is None:
        return HeaderOperations()
    return HeaderOperations(labels_of(operations.set), labels_of(operations.add), operations.remove)


def translate_redirect(redirect: istio.HTTPRedirect | None) -> Redirect | None:
    if redirect is None:
        return None
    return Redirect(
        uri=redirect.uri,
        authority=redirect.authority,
        scheme=redirect.scheme,
        port=redirect.port or 0,
        derive_port=redirect.derive_port or "",
        code=redirect.redirect_code or 301,
        prefix_rewrite=redirect.prefix_rewrite,
    )


def translate_direct_response(response: istio.HTTPDirectResponse | None) -> DirectResponse | None:
    if response is None:
        return None
    body = b""
    if response.body is not None and response.body.string is not None:
        body = response.body.string.encode()
    elif response.body is not None and response.body.bytes is not None:
        body = base64.b64decode(response.body.bytes)
    return DirectResponse(response.status, body)


def translate_rewrite(rewrite: istio.HTTPRewrite | None) -> Rewrite | None:
    if rewrite is None:
        return None
    regex = rewrite.uri_regex_rewrite
    return Rewrite(
        uri=rewrite.uri,
        authority=rewrite.authority,
        regex=regex.match if regex else "",
        substitution=regex.rewrite if regex else "",
    )


def translate_retries(retries: istio.HTTPRetry | None) -> RetryPolicy | None:
    if retries is None:
        return None
    return RetryPolicy(
        attempts=retries.attempts,
        per_try_timeout=optional_seconds(retries.per_try_timeout),
        retry_on=retries.retry_on,
        backoff=optional_seconds(retries.backoff),
        remote_localities=bool(retries.retry_remote_localities),
        ignore_previous_hosts=retries.retry_ignore_previous_hosts,
    )


def translate_fault(fault: istio.HTTPFaultInjection | None) -> Fault | None:
    """Without a percentage nothing is delayed or aborted, as in Istio's reference."""
    if fault is None:
        return None
    delay, abort = fault.delay, fault.abort
    delayed = 0.0
    if delay is not None:
        delayed = delay.percentage.value if delay.percentage else float(delay.percent)
    return Fault(
        delay=optional_seconds(delay.fixed_delay) if delay else 0.0,
        delay_percent=delayed,
        abort_status=(abort.http_status or 0) if abort else 0,
        abort_grpc_status=(abort.grpc_status or "") if abort else "",
        abort_percent=abort.percentage.value if abort and abort.percentage else 0.0,
    )


def translate_mirrors(route: HTTPRoute, destination: Callable[[IstioDestination], Destination]) -> tuple[Mirror, ...]:
    """`mirrors`, or the older `mirror` with its percentage (in two spellings)."""
    if route.mirrors:
        return tuple(
            Mirror(destination(m.destination), m.percentage.value if m.percentage else 100.0) for m in route.mirrors
        )
    if route.mirror is None:
        return ()
    percent = 100.0
    if route.mirror_percentage is not None:
        percent = route.mirror_percentage.value
    for share in (route.mirror_percent_as_in_proto, route.mirror_percent):
        if share is not None and route.mirror_percentage is None:
            percent = float(share)
    return (Mirror(destination(route.mirror), percent),)


def translate_cors(cors: istio.CorsPolicy | None) -> Cors | None:
    """`allowOrigin`, the older list, counts only without `allowOrigins`."""
    if cors is None:
        return None
    preflights = {"FORWARD": True, "IGNORE": False}
    return Cors(
        allow_origins=tuple(string_match(origin) for origin in cors.allow_origins)
        or tuple(StringMatch(MatchKind.EXACT, origin) for origin in cors.allow_origin),
        allow_methods=cors.allow_methods,
        allow_headers=cors.allow_headers,
        expose_headers=cors.expose_headers,
        max_age=optional_seconds(cors.max_age),
        allow_credentials=cors.allow_credentials,
        forward_unmatched_preflights=preflights.get(cors.unmatched_preflights),
    )
