"""What a route of a VirtualService does with a request on its way."""

from __future__ import annotations

from typing import Literal

from msgspec import field

from .message import Duration, Int32, Message, UInt32
from .route_match import Destination
from .selector import StringMatch

RedirectPortSelection = Literal["FROM_PROTOCOL_DEFAULT", "FROM_REQUEST_PORT"]
UnmatchedPreflights = Literal["UNSPECIFIED", "FORWARD", "IGNORE"]


class Percent(Message, frozen=True, kw_only=True):
    """A share from 0.0 to 100.0."""

    value: float = 0.0


class Delegate(Message, frozen=True, kw_only=True):
    """The VirtualService without hosts that holds the routes, in this one's namespace when none is named."""

    name: str = ""
    namespace: str = ""


class HeaderOperations(Message, frozen=True, kw_only=True):
    """Headers to set (replacing), add (appending) and remove."""

    set: dict[str, str] = field(default_factory=dict)
    add: dict[str, str] = field(default_factory=dict)
    remove: tuple[str, ...] = ()


class Headers(Message, frozen=True, kw_only=True):
    """Header changes on the way to the destination and on the way back."""

    request: HeaderOperations | None = None
    response: HeaderOperations | None = None


class HTTPRedirect(Message, frozen=True, kw_only=True):
    """Answer with a redirect. What is not set stays as in the request; `redirect_code` 0 means 301."""

    uri: str = ""
    authority: str = ""
    port: UInt32 | None = None
    derive_port: RedirectPortSelection | None = None
    scheme: str = ""
    redirect_code: UInt32 = 0
    prefix_rewrite: str = ""


class HTTPBody(Message, frozen=True, kw_only=True):
    """A body: exactly one of text and base64-encoded bytes."""

    string: str | None = None
    bytes: str | None = None


class HTTPDirectResponse(Message, frozen=True, kw_only=True):
    """Answer without asking any destination."""

    status: UInt32
    body: HTTPBody | None = None


class RegexRewrite(Message, frozen=True, kw_only=True):
    """Rewrite the part of the path that `match` (RE2) finds; `rewrite` may name its groups as \\1."""

    match: str = ""
    rewrite: str = ""


class HTTPRewrite(Message, frozen=True, kw_only=True):
    """Another path (for a matched prefix: only that part) or authority for the destination."""

    uri: str = ""
    authority: str = ""
    uri_regex_rewrite: RegexRewrite | None = None


class HTTPRetry(Message, frozen=True, kw_only=True):
    """How often and upon what a failed request is tried again. `attempts` does not count the first try."""

    attempts: Int32 = 0
    per_try_timeout: Duration | None = None
    retry_on: str = ""
    retry_remote_localities: bool | None = None
    retry_ignore_previous_hosts: bool | None = None
    backoff: Duration | None = None


class CorsPolicy(Message, frozen=True, kw_only=True):
    """Which other origins' pages may use these resources."""

    allow_origin: tuple[str, ...] = ()
    allow_origins: tuple[StringMatch, ...] = ()
    allow_methods: tuple[str, ...] = ()
    allow_headers: tuple[str, ...] = ()
    expose_headers: tuple[str, ...] = ()
    max_age: Duration | None = None
    allow_credentials: bool | None = None
    unmatched_preflights: UnmatchedPreflights = "UNSPECIFIED"


class Delay(Message, frozen=True, kw_only=True):
    """Hold a share of the requests back. `percent` is the older, integral form of `percentage`."""

    percent: Int32 = 0
    fixed_delay: Duration | None = None
    exponential_delay: Duration | None = None
    percentage: Percent | None = None


class Abort(Message, frozen=True, kw_only=True):
    """Answer a share of the requests with an error: exactly one of the three kinds of status."""

    http_status: Int32 | None = None
    grpc_status: str | None = None
    http2_error: str | None = None
    percentage: Percent | None = None


class HTTPFaultInjection(Message, frozen=True, kw_only=True):
    """Faults put in to see how callers take them."""

    delay: Delay | None = None
    abort: Abort | None = None


class HTTPMirrorPolicy(Message, frozen=True, kw_only=True):
    """A destination that gets a copy of a share of the requests; its answers are dropped."""

    destination: Destination
    percentage: Percent | None = None
