"""VirtualService: how requests for hosts are routed."""

from __future__ import annotations

from msgspec import field

from .http_action import (
    CorsPolicy,
    Delegate,
    Headers,
    HTTPDirectResponse,
    HTTPFaultInjection,
    HTTPMirrorPolicy,
    HTTPRedirect,
    HTTPRetry,
    HTTPRewrite,
    Percent,
)
from .message import Duration, Int32, Message, UInt32
from .route_match import Destination, HTTPMatchRequest, L4MatchAttributes, TLSMatchAttributes


class HTTPRouteDestination(Message, frozen=True, kw_only=True):
    """One destination of an HTTP route and its share of the requests."""

    destination: Destination
    weight: Int32 = 0
    headers: Headers | None = None


class RouteDestination(Message, frozen=True, kw_only=True):
    """One destination of a TCP or TLS route and its share of the connections."""

    destination: Destination
    weight: Int32 = 0


class HTTPRoute(Message, frozen=True, kw_only=True):
    """What happens to requests that fulfil one of `match`, or to all of them when there is none.

    Exactly one of `route`, `redirect`, `direct_response` and `delegate` says where they go.
    """

    name: str = ""
    match: tuple[HTTPMatchRequest, ...] = ()
    route: tuple[HTTPRouteDestination, ...] = ()
    redirect: HTTPRedirect | None = None
    direct_response: HTTPDirectResponse | None = None
    delegate: Delegate | None = None
    rewrite: HTTPRewrite | None = None
    timeout: Duration | None = None
    retries: HTTPRetry | None = None
    fault: HTTPFaultInjection | None = None
    mirror: Destination | None = None
    mirrors: tuple[HTTPMirrorPolicy, ...] = ()
    mirror_percent: UInt32 | None = None
    mirror_percent_as_in_proto: UInt32 | None = field(default=None, name="mirror_percent")
    """The same under the name it has in the proto, which Istio's CRD has beside the usual one."""
    mirror_percentage: Percent | None = None
    cors_policy: CorsPolicy | None = None
    headers: Headers | None = None


class TLSRoute(Message, frozen=True, kw_only=True):
    """Where TLS connections go that are not terminated, by the server name they ask for."""

    match: tuple[TLSMatchAttributes, ...]
    route: tuple[RouteDestination, ...] = ()


class TCPRoute(Message, frozen=True, kw_only=True):
    """Where connections of an opaque protocol go."""

    match: tuple[L4MatchAttributes, ...] = ()
    route: tuple[RouteDestination, ...] = ()


class VirtualService(Message, frozen=True, kw_only=True):
    """How requests for `hosts` are routed, at the gateways it names or by every sidecar (`mesh`).

    The first route that fits a request decides. Without hosts it is a delegate for another one.
    """

    hosts: tuple[str, ...] = ()
    gateways: tuple[str, ...] = ()
    http: tuple[HTTPRoute, ...] = ()
    tls: tuple[TLSRoute, ...] = ()
    tcp: tuple[TCPRoute, ...] = ()
    export_to: tuple[str, ...] = ()
