"""A connection pool's limits and versions as fields of an Envoy cluster."""

from typing import Any

from envoy.config.cluster.v3 import circuit_breaker_pb2
from envoy.config.common.matcher.v3 import matcher_pb2
from envoy.extensions.upstreams.http.v3 import http_protocol_options_pb2

from meshd.model.destination import ConnectionPool, RetryBudget
from meshd.networking.newer_fields import BUDGET_INTERVAL, with_message
from meshd.networking.proto import any_of, duration, uint32

UNLIMITED = 4294967295
DEFAULT_CONNECT_TIMEOUT = 10.0


HTTP_PROTOCOL_OPTIONS = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"


def circuit_breakers(pool: ConnectionPool, budget: RetryBudget | None = None) -> dict[str, Any]:
    """No limits unless said: Envoy's own of 1,024 surprise people under load. A budget stands in for `max_retries`."""
    threshold = {
        "max_connections": uint32(pool.max_connections or UNLIMITED),
        "max_pending_requests": uint32(pool.http1_max_pending_requests or UNLIMITED),
        "max_requests": uint32(pool.http2_max_requests or UNLIMITED),
        "max_retries": uint32(pool.max_retries or UNLIMITED),
        "track_remaining": False,
    }
    if budget is not None:
        threshold["retry_budget"] = _retry_budget(budget)
    return {"thresholds": [threshold]}


def _retry_budget(budget: RetryBudget) -> circuit_breaker_pb2.CircuitBreakers.Thresholds.RetryBudget:
    proto = circuit_breaker_pb2.CircuitBreakers.Thresholds.RetryBudget(
        budget_percent={"value": budget.percent}, min_retry_concurrency=uint32(budget.min_concurrency)
    )
    return with_message(proto, BUDGET_INTERVAL, duration(budget.interval)) if budget.interval else proto


def connection_settings(pool: ConnectionPool) -> dict[str, Any]:
    settings: dict[str, Any] = {"connect_timeout": duration(pool.connect_timeout or DEFAULT_CONNECT_TIMEOUT)}
    if pool.tcp_keepalive is not None:
        probes, time, interval = pool.tcp_keepalive
        keepalive: dict[str, Any] = {}
        for name, value in (
            ("keepalive_probes", probes),
            ("keepalive_time", round(time)),
            ("keepalive_interval", round(interval)),
        ):
            if value:
                keepalive[name] = uint32(value)
        settings["upstream_connection_options"] = {"tcp_keepalive": keepalive}
    return settings


def http_protocol_options(
    pool: ConnectionPool, http2: bool, names: dict[str, bool] | None = None, errors: tuple[int, ...] = ()
) -> dict[str, Any]:
    """Which HTTP version the upstream is spoken to in, how long its connections live, and what else is HTTP's matter.

    `names`: UpstreamHttpProtocolOptions, how the server's name in TLS follows the request's. `errors`: the statuses
    that outlier detection counts.
    """
    fields: dict[str, Any] = {"common_http_protocol_options": _lifetime(pool), **_version(pool, http2)}
    if names:
        fields["upstream_http_protocol_options"] = names
    if errors:
        fields["outlier_detection"] = {"error_matcher": _status_matcher(errors)}
    return {HTTP_PROTOCOL_OPTIONS: any_of(http_protocol_options_pb2.HttpProtocolOptions(**fields))}


def _lifetime(pool: ConnectionPool) -> dict[str, Any]:
    """HTTP's own idle timeout goes before the one of all connections, as in Istio."""
    common: dict[str, Any] = {}
    idle_timeout = pool.tcp_idle_timeout if pool.idle_timeout is None else pool.idle_timeout
    if idle_timeout is not None:
        common["idle_timeout"] = duration(idle_timeout)
    if pool.max_requests_per_connection:
        common["max_requests_per_connection"] = uint32(pool.max_requests_per_connection)
    if pool.max_connection_duration:
        common["max_connection_duration"] = duration(pool.max_connection_duration)
    return common


def _version(pool: ConnectionPool, http2: bool) -> dict[str, Any]:
    http2_options: dict[str, Any] = {}
    if pool.max_concurrent_streams:
        http2_options["max_concurrent_streams"] = uint32(pool.max_concurrent_streams)
    if pool.http2_keepalive is not None:
        interval, timeout = pool.http2_keepalive
        http2_options["connection_keepalive"] = {"interval": duration(interval), "timeout": duration(timeout)}
    if pool.use_client_protocol:
        both = {"http_protocol_options": {}, "http2_protocol_options": http2_options}
        return {"use_downstream_protocol_config": both}
    if http2 or pool.upgrade_to_http2:
        return {"explicit_http_config": {"http2_protocol_options": http2_options}}
    return {"explicit_http_config": {"http_protocol_options": {}}}


def _status_matcher(statuses: tuple[int, ...]) -> matcher_pb2.MatchPredicate:
    any_of_them = {"safe_regex": {"regex": "|".join(str(status) for status in sorted(set(statuses)))}}
    header = {"name": ":status", "string_match": any_of_them}
    return matcher_pb2.MatchPredicate(http_response_headers_match={"headers": [header]})
