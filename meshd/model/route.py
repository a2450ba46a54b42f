"""Routing rules: what a VirtualService says, in terms of our own. Durations are seconds, percents 0-100."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum

from meshd.model.labels import Labels
from meshd.model.reference import ObjectRef

MESH_GATEWAY = "mesh"
"""The gateway name that stands for all sidecars."""


class MatchKind(Enum):
    EXACT = "exact"
    PREFIX = "prefix"
    REGEX = "regex"
    PRESENT = "present"


@dataclass(frozen=True, slots=True)
class StringMatch:
    kind: MatchKind
    value: str = ""


@dataclass(frozen=True, slots=True)
class NamedMatch:
    """A match on the header or query parameter `name`."""

    name: str
    match: StringMatch


@dataclass(frozen=True, slots=True)
class HttpMatch:
    """All set conditions must hold. `port` 0 and empty tuples mean any.

    `name` and `stat_prefix` are no conditions: they name what fits, in access logs and in the proxy's own statistics.
    """

    uri: StringMatch | None = None
    ignore_uri_case: bool = False
    scheme: StringMatch | None = None
    method: StringMatch | None = None
    authority: StringMatch | None = None
    headers: tuple[NamedMatch, ...] = ()
    without_headers: tuple[NamedMatch, ...] = ()
    query_params: tuple[NamedMatch, ...] = ()
    port: int = 0
    gateways: tuple[str, ...] = ()
    source_labels: Labels = ()
    source_namespace: str = ""
    name: str = ""
    stat_prefix: str = ""


@dataclass(frozen=True, slots=True)
class HeaderOperations:
    """Headers to `set` (overwrite), `add` (append) and `remove`."""

    set: Labels = ()
    add: Labels = ()
    remove: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Headers:
    request: HeaderOperations = HeaderOperations()
    response: HeaderOperations = HeaderOperations()


@dataclass(frozen=True, slots=True)
class Destination:
    """`host` is fully qualified; `port` 0 stands for the service's only port, or the port of the request."""

    host: str
    subset: str = ""
    port: int = 0


@dataclass(frozen=True, slots=True)
class WeightedDestination:
    destination: Destination
    weight: int = 0
    headers: Headers = Headers()


@dataclass(frozen=True, slots=True)
class Redirect:
    uri: str = ""
    authority: str = ""
    scheme: str = ""
    port: int = 0
    derive_port: str = ""
    code: int = 301
    prefix_rewrite: str = ""


@dataclass(frozen=True, slots=True)
class DirectResponse:
    status: int
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Rewrite:
    uri: str = ""
    authority: str = ""
    regex: str = ""
    substitution: str = ""


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """`attempts` counts retries, not the first try. An empty `retry_on` is the mesh's default.

    `ignore_previous_hosts` None: hosts that failed are left out, unless requests are hashed to their host.
    """

    attempts: int
    per_try_timeout: float = 0.0
    retry_on: str = ""
    backoff: float = 0.0
    remote_localities: bool = False
    ignore_previous_hosts: bool | None = None


@dataclass(frozen=True, slots=True)
class Fault:
    delay: float = 0.0
    delay_percent: float = 0.0
    abort_status: int = 0
    abort_grpc_status: str = ""
    abort_percent: float = 0.0


@dataclass(frozen=True, slots=True)
class Mirror:
    destination: Destination
    percent: float = 100.0


@dataclass(frozen=True, slots=True)
class Cors:
    allow_origins: tuple[StringMatch, ...] = ()
    allow_methods: tuple[str, ...] = ()
    allow_headers: tuple[str, ...] = ()
    expose_headers: tuple[str, ...] = ()
    max_age: float = 0.0
    allow_credentials: bool | None = None
    forward_unmatched_preflights: bool | None = None


@dataclass(frozen=True, slots=True)
class HttpRoute:
    """One rule: any of `matches` (none: all requests), then one of the actions. `timeout` None: no timeout.

    `delegate` is the key of the rules whose routes take the place of an action; see meshd.model.delegation.
    """

    name: str = ""
    matches: tuple[HttpMatch, ...] = ()
    destinations: tuple[WeightedDestination, ...] = ()
    redirect: Redirect | None = None
    direct_response: DirectResponse | None = None
    rewrite: Rewrite | None = None
    timeout: float | None = None
    retries: RetryPolicy | None = None
    fault: Fault | None = None
    mirrors: tuple[Mirror, ...] = ()
    cors: Cors | None = None
    headers: Headers = Headers()
    delegate: str = ""


@dataclass(frozen=True, slots=True)
class L4Match:
    """Conditions on a connection; `sni_hosts` only in TLS routes."""

    port: int = 0
    destination_subnets: tuple[str, ...] = ()
    sni_hosts: tuple[str, ...] = ()
    gateways: tuple[str, ...] = ()
    source_labels: Labels = ()
    source_namespace: str = ""
    source_subnet: str = ""


@dataclass(frozen=True, slots=True)
class L4Route:
    matches: tuple[L4Match, ...]
    destinations: tuple[WeightedDestination, ...]


@dataclass(frozen=True, slots=True)
class RouteRules:
    """The rules for requests to `hosts` (fully qualified, may start with "*") at `gateways`.

    `gateways` are "namespace/name" or "mesh". `created` orders rules for the same host: the oldest wins.
    Rules without hosts are for other rules to delegate to. Of complete rules, `delegated` are the routes in whose place
    others are among `http`, and `missing` says which delegates are not there.
    """

    ref: ObjectRef
    hosts: tuple[str, ...]
    gateways: tuple[str, ...] = (MESH_GATEWAY,)
    http: tuple[HttpRoute, ...] = ()
    tls: tuple[L4Route, ...] = ()
    tcp: tuple[L4Route, ...] = ()
    export_to: tuple[str, ...] = ("*",)
    created: str = field(default="", compare=True)
    delegated: tuple[HttpRoute, ...] = ()
    missing: tuple[str, ...] = ()

    @property
    def source_namespaces(self) -> frozenset[str]:
        """Namespaces that some match asks the client to be of."""
        return frozenset(match.source_namespace for match in self._matches() if match.source_namespace)

    @property
    def asked_labels(self) -> frozenset[str]:
        """Keys of the labels that some match asks the client to have."""
        return frozenset(key for match in self._matches() for key, _ in match.source_labels)

    def destinations(self) -> Iterator[Destination]:
        """Every destination that requests may be sent to, mirrors too."""
        routes = [route.destinations for route in self.http]
        routes += [route.destinations for route in (*self.tcp, *self.tls)]
        yield from (weighted.destination for destinations in routes for weighted in destinations)
        yield from (mirror.destination for route in self.http for mirror in route.mirrors)

    def _matches(self) -> Iterator[HttpMatch | L4Match]:
        for http in self.http:
            yield from http.matches
        for route in (*self.tls, *self.tcp):
            yield from route.matches
