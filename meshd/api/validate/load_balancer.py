"""Load balancing, connection pools and outlier detection of a DestinationRule."""

from __future__ import annotations

from collections.abc import Iterator
from math import isqrt

from meshd.api.istio.connection_pool import ConnectionPoolSettings, OutlierDetection
from meshd.api.istio.load_balancer import ConsistentHashLB, LoadBalancerSettings
from meshd.api.problem import Problem, child

from .locality import check_locality, check_zone_aware

_MAGLEV_LIMIT = 5_000_011
_RING_LIMIT = 8 * 1024 * 1024
_NOT_NEGATIVE = (
    *("http1_max_pending_requests", "http2_max_requests", "max_requests_per_connection"),
    *("max_retries", "max_concurrent_streams"),
)


def check_load_balancer(settings: LoadBalancerSettings, path: str) -> Iterator[Problem]:
    """Errors of how endpoints are chosen."""
    if settings.consistent_hash is not None:
        yield from _check_consistent_hash(settings.consistent_hash, f"{path}.consistentHash")
    locality, zone = settings.locality_lb_setting, settings.zone_aware_lb_setting
    if locality is not None and zone is not None:
        yield Problem(path, None, "only one of localityLbSetting and zoneAwareLbSetting may be set")
    if locality is not None:
        yield from check_locality(locality, f"{path}.localityLbSetting")
    if zone is not None:
        yield from check_zone_aware(zone, f"{path}.zoneAwareLbSetting")
    if settings.warmup is not None and settings.warmup.aggression == 0:
        yield Problem(f"{path}.warmup.aggression", 0, "must be above 0")


def warn_load_balancer(settings: LoadBalancerSettings, path: str) -> Iterator[Problem]:
    """What is allowed and has no effect."""
    warmup = settings.warmup is not None or settings.warmup_duration_secs is not None
    if warmup and (settings.consistent_hash is not None or settings.simple in ("RANDOM", "PASSTHROUGH")):
        yield Problem(
            path, None, "endpoints warm up with ROUND_ROBIN and LEAST_REQUEST only; this warm-up does nothing"
        )


def _check_consistent_hash(settings: ConsistentHashLB, path: str) -> Iterator[Problem]:
    if settings.http_cookie is not None:
        place = f"{path}.httpCookie"
        if not settings.http_cookie.name:
            yield Problem(f"{place}.name", "", "must not be empty")
        seen: set[str] = set()
        for index, attribute in enumerate(settings.http_cookie.attributes):
            if not attribute.name or attribute.name in seen:
                reason = "must not be empty" if not attribute.name else "is in the list already"
                yield Problem(f"{place}.attributes[{index}].name", attribute.name, reason)
            seen.add(attribute.name)
    ring = settings.ring_hash.minimum_ring_size if settings.ring_hash is not None else 0
    for place, size in (("ringHash.minimumRingSize", ring), ("minimumRingSize", settings.minimum_ring_size)):
        if size > _RING_LIMIT:
            yield Problem(f"{path}.{place}", size, f"must be at most {_RING_LIMIT}")
    if settings.maglev is not None:
        size = settings.maglev.table_size
        if not (size < _MAGLEV_LIMIT and is_prime(size)):
            yield Problem(f"{path}.maglev.tableSize", size, f"must be a prime number below {_MAGLEV_LIMIT}")


def is_prime(number: int) -> bool:
    """By trial division: fast for sizes of hash tables."""
    return number > 1 and all(number % factor for factor in range(2, isqrt(number) + 1))


def check_connection_pool(settings: ConnectionPoolSettings, path: str) -> Iterator[Problem]:
    """Errors of the limits on connections."""
    tcp, http = settings.tcp, settings.http
    if tcp is None and http is None:
        yield Problem(path, None, "must set tcp or http")
    if tcp is not None and tcp.max_connections < 0:
        yield Problem(f"{path}.tcp.maxConnections", tcp.max_connections, "must be 0 or more")
    if http is None:
        return
    place = f"{path}.http"
    for name in _NOT_NEGATIVE:
        if getattr(http, name) < 0:
            yield Problem(child(place, _json_name(name)), getattr(http, name), "must be 0 or more")
    if http.h2_upgrade_policy == "UPGRADE" and http.use_client_protocol:
        yield Problem(f"{place}.useClientProtocol", True, "contradicts h2UpgradePolicy UPGRADE; keep one")
    if http.http2_keep_alive is not None:
        for name in ("interval", "timeout"):
            if getattr(http.http2_keep_alive, name) is None:
                yield Problem(f"{place}.http2KeepAlive.{name}", None, "is required")


def _json_name(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)


def check_outlier_detection(outlier: OutlierDetection, path: str) -> Iterator[Problem]:
    """Errors of when endpoints are taken out."""
    for name in ("max_ejection_percent", "min_health_percent"):
        if not 0 <= getattr(outlier, name) <= 100:
            yield Problem(child(path, _json_name(name)), getattr(outlier, name), "must be from 0 to 100")
    if outlier.consecutive_errors < 0:
        yield Problem(f"{path}.consecutiveErrors", outlier.consecutive_errors, "must be 0 or more")
    if outlier.consecutive_local_origin_failures and not outlier.split_external_local_origin_errors:
        place = f"{path}.consecutiveLocalOriginFailures"
        reason = "counts only with splitExternalLocalOriginErrors: true"
        yield Problem(place, outlier.consecutive_local_origin_failures, reason)
