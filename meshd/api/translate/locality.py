"""localityLbSetting and zoneAwareLbSetting, of a DestinationRule or of the whole mesh."""

from meshd.api.istio.load_balancer import (
    LoadBalancerSettings,
    LocalityLoadBalancerSetting,
    ZoneAwareLoadBalancerSetting,
)
from meshd.model.locality import Distribute, LocalityLbSetting

_MIN_CLUSTER_SIZE = 6
"""Envoy's default: shares of fewer endpoints would be coarse."""


def translate_preference(settings: LoadBalancerSettings) -> LocalityLbSetting | None:
    """Whichever of the two is set; None for the mesh's."""
    if settings.zone_aware_lb_setting is not None:
        return translate_zone_aware(settings.zone_aware_lb_setting)
    return translate_locality(settings.locality_lb_setting) if settings.locality_lb_setting else None


def translate_zone_aware(setting: ZoneAwareLoadBalancerSetting) -> LocalityLbSetting:
    return LocalityLbSetting(
        failover=tuple((each.from_, each.to) for each in setting.failover),
        failover_priority=setting.failover_priority,
        enabled=setting.enabled is not False,
        min_cluster_size=setting.min_cluster_size or _MIN_CLUSTER_SIZE,
    )


def translate_locality(setting: LocalityLoadBalancerSetting) -> LocalityLbSetting:
    return LocalityLbSetting(
        distribute=tuple(Distribute(each.from_, tuple(sorted(each.to.items()))) for each in setting.distribute),
        failover=tuple((each.from_, each.to) for each in setting.failover),
        failover_priority=setting.failover_priority,
        enabled=setting.enabled is not False,
    )
