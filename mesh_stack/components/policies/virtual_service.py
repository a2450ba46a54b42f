"""Where requests go: VirtualService."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypedDict

import pulumi

from mesh_stack.components.policies.policy import NETWORKING, Policy, PolicyArgs


class StringMatch(TypedDict, total=False):
    """Exactly one of them."""

    exact: str
    prefix: str
    regex: str


class PortSelector(TypedDict):
    number: int


class _RequiredOfDestination(TypedDict):
    host: str


class Destination(_RequiredOfDestination, total=False):
    """A service, or one subset of it that a DestinationRule defines."""

    subset: str
    port: PortSelector


class HeaderOperations(TypedDict, total=False):
    set: Mapping[str, str]
    add: Mapping[str, str]
    remove: Sequence[str]


class Headers(TypedDict, total=False):
    request: HeaderOperations
    response: HeaderOperations


class HTTPMatchRequest(TypedDict, total=False):
    """All of its conditions together."""

    name: str
    uri: StringMatch
    scheme: StringMatch
    method: StringMatch
    authority: StringMatch
    headers: Mapping[str, StringMatch]
    withoutHeaders: Mapping[str, StringMatch]
    queryParams: Mapping[str, StringMatch]
    ignoreUriCase: bool
    port: int
    gateways: Sequence[str]
    sourceLabels: Mapping[str, str]
    sourceNamespace: str


class _RequiredOfRoute(TypedDict):
    destination: Destination


class HTTPRouteDestination(_RequiredOfRoute, total=False):
    """`weight` is this destination's share; all of a route are taken together."""

    weight: int
    headers: Headers


class HTTPRetry(TypedDict, total=False):
    """Durations such as `2s`; `retryOn` is Envoy's comma-separated list."""

    attempts: int
    perTryTimeout: str
    retryOn: str
    backoff: str


class HTTPRewrite(TypedDict, total=False):
    uri: str
    authority: str


class HTTPRedirect(TypedDict, total=False):
    uri: str
    authority: str
    scheme: str
    port: int
    redirectCode: int


class Percent(TypedDict):
    value: float


class Delay(TypedDict, total=False):
    fixedDelay: str
    percentage: Percent


class Abort(TypedDict, total=False):
    httpStatus: int
    grpcStatus: str
    percentage: Percent


class HTTPFaultInjection(TypedDict, total=False):
    delay: Delay
    abort: Abort


class HTTPRoute(TypedDict, total=False):
    """One rule: requests that any of `match` matches (all without it) get its action."""

    name: str
    match: Sequence[HTTPMatchRequest]
    route: Sequence[HTTPRouteDestination]
    redirect: HTTPRedirect
    rewrite: HTTPRewrite
    timeout: str
    retries: HTTPRetry
    fault: HTTPFaultInjection
    mirror: Destination
    mirrorPercentage: Percent
    headers: Headers


@dataclass(frozen=True, kw_only=True)
class VirtualServiceArgs(PolicyArgs):
    """The first rule of `http` that matches decides. Without `gateways` it holds for sidecars (`mesh`)."""

    hosts: Sequence[str]
    gateways: Sequence[str] | None = None
    http: Sequence[HTTPRoute] | None = None
    tls: Sequence[Mapping[str, Any]] | None = None
    tcp: Sequence[Mapping[str, Any]] | None = None
    export_to: Sequence[str] | None = None


class VirtualService(Policy):
    """Routes requests for its hosts."""

    def __init__(self, name: str, args: VirtualServiceArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(NETWORKING, name, args, opts)
