"""localityLbSetting, of a DestinationRule or of the whole mesh."""

from meshd.api.istio.load_balancer import LocalityLoadBalancerSetting
from meshd.model.locality import Distribute, LocalityLbSetting


def translate_locality(setting: LocalityLoadBalancerSetting) -> LocalityLbSetting:
    return LocalityLbSetting(
        distribute=tuple(Distribute(each.from_, tuple(sorted(each.to.items()))) for each in setting.distribute),
        failover=tuple((each.from_, each.to) for each in setting.failover),
        failover_priority=setting.failover_priority,
        enabled=setting.enabled is not False,
    )
