"""Load balancing by locality: localityLbSetting and zoneAwareLbSetting."""

from __future__ import annotations

from collections.abc import Iterator

from meshd.api.istio.connection_pool import OutlierDetection
from meshd.api.istio.destination_rule import DestinationRule
from meshd.api.istio.load_balancer import (
    Failover,
    LoadBalancerSettings,
    LocalityLoadBalancerSetting,
    ZoneAwareLoadBalancerSetting,
)
from meshd.api.problem import Problem, child

_TOPOLOGY = tuple(f"topology.{name}" for name in ("kubernetes.io/region", "kubernetes.io/zone", "istio.io/subzone"))
NEEDS_DETECTION = "has no effect without outlierDetection: nothing else tells that near endpoints fail"


def check_locality(setting: LocalityLoadBalancerSetting, path: str) -> Iterator[Problem]:
    """Errors of a localityLbSetting.

    https://istio.io/latest/docs/reference/config/networking/destination-rule/#LocalityLoadBalancerSetting
    """
    if setting.distribute and setting.failover:
        yield Problem(path, None, "only one of distribute and failover may be set")
    for index, distribute in enumerate(setting.distribute):
        place = f"{path}.distribute[{index}].to"
        yield from _check_pattern(distribute.from_, f"{path}.distribute[{index}].from")
        for locality, weight in distribute.to.items():
            yield from _check_pattern(locality, child(place, locality))
            if not 1 <= weight <= 100:
                yield Problem(child(place, locality), weight, "must be from 1 to 100")
        if sum(distribute.to.values()) != 100:
            yield Problem(place, sum(distribute.to.values()), "the shares must make 100 together")
    yield from _check_failover(setting.failover, f"{path}.failover")
    for index, label in enumerate(setting.failover_priority):
        if setting.failover and label in _TOPOLOGY:
            yield Problem(f"{path}.failoverPriority[{index}]", label, "cannot be combined with failover")


def check_zone_aware(setting: ZoneAwareLoadBalancerSetting, path: str) -> Iterator[Problem]:
    """Errors of a zoneAwareLbSetting."""
    yield from _check_failover(setting.failover, f"{path}.failover")
    for index, label in enumerate(setting.failover_priority):
        if label in _TOPOLOGY:
            yield Problem(f"{path}.failoverPriority[{index}]", label, "is weighed in already; leave it out")


def warn_locality(rule: DestinationRule) -> Iterator[Problem]:
    """Settings that nothing will ever make use of, where endpoints that fail are not taken out."""
    policy = rule.traffic_policy
    subsets = [subset.traffic_policy for subset in rule.subsets]
    detection = policy.outlier_detection if policy is not None else None
    for index, own in enumerate((policy, *subsets)):
        if own is None:
            continue
        path = "spec.trafficPolicy" if index == 0 else f"spec.subsets[{index - 1}].trafficPolicy"
        detections = (own.outlier_detection, detection, *(s.outlier_detection for s in subsets if s and not index))
        yield from _warn_setting(own.load_balancer, next((each for each in detections if each), None), path)
        for number, port in enumerate(own.port_level_settings):
            yield from _warn_setting(port.load_balancer, port.outlier_detection, f"{path}.portLevelSettings[{number}]")


def _warn_setting(
    balancer: LoadBalancerSettings | None, detection: OutlierDetection | None, path: str
) -> Iterator[Problem]:
    setting = balancer.locality_lb_setting if balancer is not None else None
    if setting is None or setting.enabled is False or setting.distribute or detection is not None:
        return
    yield Problem(f"{path}.loadBalancer.localityLbSetting", None, NEEDS_DETECTION)


def _check_pattern(pattern: str, path: str) -> Iterator[Problem]:
    if not pattern:
        yield Problem(path, pattern, 'must be "region/zone/sub-zone", of which parts at the end may be missing or *')
    elif "*" in pattern and not (pattern == "*" or (pattern.count("*") == 1 and pattern.endswith("/*"))):
        yield Problem(path, pattern, "may have one * only, at its end")


def _check_failover(failovers: tuple[Failover, ...], path: str) -> Iterator[Problem]:
    for index, failover in enumerate(failovers):
        place = f"{path}[{index}]"
        if failover.from_ == failover.to:
            yield Problem(place, failover.to, "must lead from one region to another")
        for name, region in (("from", failover.from_), ("to", failover.to)):
            if "/" in region or "*" in region:
                yield Problem(f"{place}.{name}", region, "must be a region, without zone and wildcard")
