"""A DestinationRule's traffic policy as fields of an Envoy cluster."""

from dataclasses import fields, replace
from typing import Any

from envoy.extensions.upstreams.http.v3 import http_protocol_options_pb2

from meshd.model.destination import (
    ConnectionPool,
    ConsistentHash,
    LoadBalancer,
    OutlierDetection,
    TrafficPolicy,
)
from meshd.networking.proto import any_of, duration, uint32

UNLIMITED = 4294967295
DEFAULT_CONNECT_TIMEOUT = 10.0

HTTP_PROTOCOL_OPTIONS = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"


def effective_policy(policy: TrafficPolicy, port: int, subset: TrafficPolicy | None) -> TrafficPolicy:
    """The policy for one port and subset.

    A port's settings replace the policy's as a whole; a subset's parts override part by part.
    https://istio.io/latest/docs/reference/config/networking/destination-rule/#TrafficPolicy-PortTrafficPolicy
    """
    base = dict(policy.ports).get(port, replace(policy, ports=()))
    if subset is None:
        return base
    own = dict(subset.ports).get(port, replace(subset, ports=()))
    said = {f.name: getattr(own, f.name) for f in fields(own) if getattr(own, f.name) is not None}
    if own.load_balancer or own.consistent_hash:
        said |= {"load_balancer": own.load_balancer, "consistent_hash": own.consistent_hash}
    return replace(base, **said)


def load_balancing(policy: TrafficPolicy) -> dict[str, Any]:
    """lb_policy and its settings; least request is the default, as in Istio."""
    if policy.consistent_hash is not None:
        return _hash_balancing(policy.consistent_hash)
    kind = policy.load_balancer or LoadBalancer.LEAST_REQUEST
    if kind is LoadBalancer.PASSTHROUGH:
        return {"lb_policy": "CLUSTER_PROVIDED", "type": "ORIGINAL_DST"}
    return {"lb_policy": kind.value}


def _hash_balancing(hashing: ConsistentHash) -> dict[str, Any]:
    if hashing.maglev_table_size:
        size = uint32(hashing.maglev_table_size)
        return {"lb_policy": "MAGLEV", "maglev_lb_config": {"table_size": {"value": size.value}}}
    return {
        "lb_policy": "RING_HASH",
        "ring_hash_lb_config": {"minimum_ring_size": {"value": hashing.minimum_ring_size}},
    }


def circuit_breakers(pool: ConnectionPool) -> dict[str, Any]:
    """No limits unless said: Envoy's own of 1,024 surprise people under load."""
    threshold = {
        "max_connections": uint32(pool.max_connections or UNLIMITED),
        "max_pending_requests": uint32(pool.http1_max_pending_requests or UNLIMITED),
        "max_requests": uint32(pool.http2_max_requests or UNLIMITED),
        "max_retries": uint32(pool.max_retries or UNLIMITED),
        "track_remaining": False,
    }
    return {"thresholds": [threshold]}


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


def http_protocol_options(pool: ConnectionPool, http2: bool) -> dict[str, Any]:
    """Which HTTP version the upstream is spoken to in, and how long its connections live."""
    common: dict[str, Any] = {}
    if pool.idle_timeout:
        common["idle_timeout"] = duration(pool.idle_timeout)
    if pool.max_requests_per_connection:
        common["max_requests_per_connection"] = uint32(pool.max_requests_per_connection)
    if pool.max_connection_duration:
        common["max_connection_duration"] = duration(pool.max_connection_duration)
    version: dict[str, Any] = {"http_protocol_options": {}}
    if http2 or pool.upgrade_to_http2:
        streams = pool.max_concurrent_streams
        version = {"http2_protocol_options": {"max_concurrent_streams": uint32(streams)} if streams else {}}
    options = http_protocol_options_pb2.HttpProtocolOptions(
        common_http_protocol_options=common, explicit_http_config=version
    )
    return {HTTP_PROTOCOL_OPTIONS: any_of(options)}


def outlier_detection(detection: OutlierDetection) -> dict[str, Any]:
    """https://istio.io/latest/docs/reference/config/networking/destination-rule/#OutlierDetection"""
    settings: dict[str, Any] = {
        "enforcing_success_rate": uint32(0),
        "split_external_local_origin_errors": detection.split_external_local_origin_errors,
    }
    counts = {
        "consecutive_5xx": detection.consecutive_5xx_errors,
        "consecutive_gateway_failure": detection.consecutive_gateway_errors,
        "consecutive_local_origin_failure": detection.consecutive_local_origin_failures,
    }
    for name, count in counts.items():
        if count is not None:
            settings[name] = uint32(count)
            settings[f"enforcing_{name}"] = uint32(100 if count else 0)
    if detection.interval:
        settings["interval"] = duration(detection.interval)
    if detection.base_ejection_time:
        settings["base_ejection_time"] = duration(detection.base_ejection_time)
    if detection.max_ejection_percent is not None:
        settings["max_ejection_percent"] = uint32(detection.max_ejection_percent)
    return settings
