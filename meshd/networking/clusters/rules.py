"""What DestinationRules say to a client of one port and subset."""

from meshd.model.destination import TrafficPolicy
from meshd.model.labels import Labels
from meshd.model.locality import LocalityLbSetting
from meshd.model.memo import Reader
from meshd.networking.clusters.policy import effective_policy, locality_setting
from meshd.networking.lookup import destination_policy, mesh_config
from meshd.networking.preference import Preference
from meshd.networking.scopes import OutboundScope

ClusterItem = tuple[str, int, str]
"""(host, port, subset)"""


def subset_names(read: Reader, namespace: str, hostname: str, labels: Labels) -> tuple[str, ...]:
    policy = read.query(destination_policy, namespace, hostname, labels)
    return tuple(subset.name for subset in policy.subsets) if policy else ()


def subset_labels(read: Reader, namespace: str, labels: Labels, host: str, subset: str) -> Labels:
    policy = read.query(destination_policy, namespace, host, labels) if subset else None
    return next((s.labels for s in policy.subsets if s.name == subset), ()) if policy else ()


def policy_of(read: Reader, namespace: str, labels: Labels, host: str, port: int, subset: str) -> TrafficPolicy:
    """How clients in `namespace` with `labels` talk to one port and subset of `host`."""
    rule = read.query(destination_policy, namespace, host, labels)
    if rule is None:
        return TrafficPolicy()
    chosen = next((s.policy for s in rule.subsets if s.name == subset), None)
    return effective_policy(rule.policy, port, chosen)


def preference(read: Reader, scope: OutboundScope, item: ClusterItem) -> Preference:
    """Which of its endpoints clients of a scope prefer."""
    setting = setting_of(read, scope, item)
    return Preference(setting, scope.locality, scope.labels, scope.peers) if setting else Preference()


def setting_of(read: Reader, scope: OutboundScope, item: ClusterItem) -> LocalityLbSetting | None:
    policy = read.query(policy_of, scope.namespace, scope.labels, *item)
    return locality_setting(policy, read.query(mesh_config))
