"""How a request's endpoint is chosen."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, field

from .message import Duration, Message, UInt32, UInt64

SimpleLB = Literal["UNSPECIFIED", "LEAST_CONN", "RANDOM", "PASSTHROUGH", "ROUND_ROBIN", "LEAST_REQUEST"]
PercentValue = Annotated[float, Meta(ge=0, le=100)]


class RingHash(Message, frozen=True, kw_only=True):
    """Ketama hashing over a ring of at least this many entries."""

    minimum_ring_size: UInt64 = 0


class MagLev(Message, frozen=True, kw_only=True):
    """Maglev hashing over a table of this size, a prime number."""

    table_size: UInt64 = 0


class CookieAttribute(Message, frozen=True, kw_only=True):
    """A further attribute of the cookie, such as SameSite."""

    name: str
    value: str = ""


class HTTPCookie(Message, frozen=True, kw_only=True):
    """The cookie that is hashed. With a `ttl` it is made for clients that have none."""

    name: str
    path: str = ""
    ttl: Duration | None = None
    attributes: tuple[CookieAttribute, ...] = ()


class ConsistentHashLB(Message, frozen=True, kw_only=True):
    """The same key leads to the same endpoint: one key, at most one algorithm."""

    http_header_name: str | None = None
    http_cookie: HTTPCookie | None = None
    use_source_ip: bool | None = None
    http_query_parameter_name: str | None = None
    ring_hash: RingHash | None = None
    maglev: MagLev | None = None
    minimum_ring_size: UInt64 = 0


class WarmupConfiguration(Message, frozen=True, kw_only=True):
    """New endpoints get their share little by little."""

    duration: Duration
    minimum_percent: PercentValue | None = None
    aggression: Annotated[float, Meta(ge=0)] | None = None


class Distribute(Message, frozen=True, kw_only=True):
    """Shares, in percent, of the localities that traffic from one locality goes to."""

    from_: str = field(default="", name="from")
    to: dict[str, UInt32] = field(default_factory=dict)


class Failover(Message, frozen=True, kw_only=True):
    """Where traffic goes when the endpoints of a locality fail."""

    from_: str = field(default="", name="from")
    to: str = ""


class LocalityLoadBalancerSetting(Message, frozen=True, kw_only=True):
    """Preference for near endpoints: at most one of `distribute` and `failover`."""

    distribute: tuple[Distribute, ...] = ()
    failover: tuple[Failover, ...] = ()
    failover_priority: tuple[str, ...] = ()
    enabled: bool | None = None


class ZoneAwareLoadBalancerSetting(Message, frozen=True, kw_only=True):
    """Even load with as little traffic between zones as that allows."""

    enabled: bool | None = None
    failover: tuple[Failover, ...] = ()
    failover_priority: tuple[str, ...] = ()
    min_cluster_size: Annotated[int, Meta(ge=1)] | None = None


class LoadBalancerSettings(Message, frozen=True, kw_only=True):
    """At most one of `simple` and `consistent_hash`, and how locality and warm-up weigh in."""

    simple: SimpleLB | None = None
    consistent_hash: ConsistentHashLB | None = None
    locality_lb_setting: LocalityLoadBalancerSetting | None = None
    zone_aware_lb_setting: ZoneAwareLoadBalancerSetting | None = None
    warmup_duration_secs: Duration | None = None
    warmup: WarmupConfiguration | None = None
