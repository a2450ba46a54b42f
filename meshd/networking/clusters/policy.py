"""A DestinationRule's traffic policy for one port and subset, and its load balancing as fields of an Envoy cluster."""

from dataclasses import fields, replace
from typing import Any

from meshd.model.destination import (
    ConsistentHash,
    LoadBalancer,
    OutlierDetection,
    SimpleBalancer,
    TrafficPolicy,
    Warmup,
)
from meshd.model.locality import LocalityLbSetting
from meshd.model.mesh import MeshConfig
from meshd.networking.proto import duration, uint32

_OF_A_PORT = ("load_balancer", "connection_pool", "outlier_detection", "tls")
"""What portLevelSettings may say; all else is the policy's that they stand in."""


def effective_policy(policy: TrafficPolicy, port: int, subset: TrafficPolicy | None) -> TrafficPolicy:
    """The policy for one port and subset.

    A subset's parts override the rule's, part by part. A port's settings, the rule's or the subset's, replace what came
    before as a whole: what they leave out is at its default.
    https://istio.io/latest/docs/reference/config/networking/destination-rule/#TrafficPolicy-PortTrafficPolicy
    """
    chosen = _at_port(replace(policy, ports=()), policy, port)
    if subset is None:
        return chosen
    said = {f.name: getattr(subset, f.name) for f in fields(subset) if getattr(subset, f.name) is not None}
    return _at_port(replace(chosen, **{**said, "ports": ()}), subset, port)


def _at_port(base: TrafficPolicy, policy: TrafficPolicy, port: int) -> TrafficPolicy:
    own = next((settings for number, settings in policy.ports if number == port), None)
    return base if own is None else replace(base, **{name: getattr(own, name) for name in _OF_A_PORT})


def locality_setting(policy: TrafficPolicy, mesh: MeshConfig) -> LocalityLbSetting | None:
    """The setting in force; None where all endpoints are alike.

    A rule that turns zone-aware shares off leaves the rest to the mesh. Priorities need outlier detection: without it
    nothing would ever tell that the near endpoints fail.
    https://istio.io/latest/docs/tasks/traffic-management/locality-load-balancing/failover/
    """
    own = policy.load_balancer.locality if policy.load_balancer else None
    setting = mesh.preference if own is None else own
    if setting.zone_aware and not setting.enabled:
        setting = mesh.locality_lb_setting
    if not setting.enabled:
        return None
    return setting if setting.distribute or setting.zone_aware or policy.outlier_detection is not None else None


def load_balancing(policy: TrafficPolicy) -> dict[str, Any]:
    """lb_policy and its settings; least request is the default, as in Istio."""
    balancer = policy.load_balancer or LoadBalancer()
    if balancer.consistent_hash is not None:
        return _hash_balancing(balancer.consistent_hash)
    kind = balancer.simple or SimpleBalancer.LEAST_REQUEST
    if kind is SimpleBalancer.PASSTHROUGH:
        return {"lb_policy": "CLUSTER_PROVIDED", "type": "ORIGINAL_DST"}
    settings: dict[str, Any] = {"lb_policy": kind.value}
    if balancer.warmup is not None and kind is not SimpleBalancer.RANDOM:
        settings[f"{kind.value.lower()}_lb_config"] = {"slow_start_config": _slow_start(balancer.warmup)}
    return settings


def _slow_start(warmup: Warmup) -> dict[str, Any]:
    """https://www.envoyproxy.io/docs/envoy/latest/intro/arch_overview/upstream/load_balancing/slow_start"""
    return {
        "slow_start_window": duration(warmup.duration),
        "aggression": {"default_value": warmup.aggression, "runtime_key": "slow_start.aggression"},
        "min_weight_percent": {"value": warmup.minimum_percent},
    }


def _hash_balancing(hashing: ConsistentHash) -> dict[str, Any]:
    if hashing.maglev_table_size:
        size = uint32(hashing.maglev_table_size)
        return {"lb_policy": "MAGLEV", "maglev_lb_config": {"table_size": {"value": size.value}}}
    return {
        "lb_policy": "RING_HASH",
        "ring_hash_lb_config": {"minimum_ring_size": {"value": hashing.minimum_ring_size}},
    }


def outlier_detection(detection: OutlierDetection) -> dict[str, Any]:
    """https://istio.io/latest/docs/reference/config/networking/destination-rule/#OutlierDetection"""
    settings: dict[str, Any] = {
        "enforcing_success_rate": uint32(0),
        "split_external_local_origin_errors": detection.split_external_local_origin_errors,
    }
    if detection.split_external_local_origin_errors:
        settings["enforcing_local_origin_success_rate"] = uint32(0)
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
