"""Which endpoints of a service a client prefers: groups of them with priorities and weights, as a setting says.

https://istio.io/latest/docs/reference/config/networking/destination-rule/#LocalityLoadBalancerSetting
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

from meshd.model.labels import Labels
from meshd.model.locality import CLUSTER, NODE, NOWHERE, Distribute, Locality, LocalityLbSetting, Zones, matches
from meshd.networking.service_endpoints import ServiceEndpoint
from meshd.networking.zones import zone_shares

E = TypeVar("E", bound=ServiceEndpoint)
Rank = tuple[int, int]
"""By labels, then by locality; the lowest is the nearest."""
_THIS_CLUSTER = "Kubernetes"
"""The name that Istio gives to the only cluster there is."""
_FINEST = 100_000
_FINER = 1000
"""Weights are whole numbers: where shares cannot be split among localities exactly, they are written so much finer."""


@dataclass(frozen=True, slots=True)
class Preference:
    """Of a client in `locality` with `labels` and `peers`, as far as asked for.

    Without a setting all endpoints are alike.
    """

    setting: LocalityLbSetting | None = None
    locality: Locality = NOWHERE
    labels: Labels = ()
    peers: Zones = ()


@dataclass(frozen=True, slots=True)
class Group(Generic[E]):
    """Endpoints of one locality that are equally near."""

    locality: Locality
    priority: int
    weight: int
    members: tuple[E, ...]


def grouped(endpoints: Iterable[E], preference: Preference) -> list[Group[E]]:
    """The nearest first. Priorities count from 0 without a gap, as Envoy demands."""
    rank = _rank_by(preference)
    found: dict[tuple[Rank, Locality], list[E]] = {}
    for each in endpoints:
        found.setdefault((rank(each), each.locality), []).append(each)
    priorities = {rank: number for number, rank in enumerate(sorted({rank for rank, _ in found}))}
    groups = [
        Group(locality, priorities[rank], sum(each.endpoint.weight for each in members), tuple(members))
        for (rank, locality), members in sorted(found.items(), key=lambda item: item[0])
    ]
    if preference.setting is not None and preference.setting.zone_aware:
        return _zone_aware(groups, preference, preference.setting.min_cluster_size)
    rules = preference.setting.distribute if preference.setting else ()
    chosen = next((rule for rule in rules if matches(preference.locality, rule.source)), None)
    return _distributed(groups, chosen) if chosen else groups


def _rank_by(preference: Preference) -> Callable[[ServiceEndpoint], Rank]:
    setting, client = preference.setting, preference.locality
    if setting is None or setting.distribute:
        return lambda _: (0, 0)
    labels = known_labels(preference.labels, client)
    by_locality = setting.zone_aware or not setting.failover_priority or bool(setting.failover)
    far = regions_apart if setting.zone_aware else distance
    region = next((to for source, to in setting.failover if source == client.region), None)

    def rank(each: ServiceEndpoint) -> Rank:
        of_labels = _differs_at(setting.failover_priority, labels, each) if setting.failover_priority else 0
        return of_labels, far(client, each.locality, region) if by_locality else 0

    return rank


def known_labels(labels: Labels, locality: Locality, node: str = "") -> dict[str, str]:
    """A workload's labels and those that say where it runs."""
    return dict(labels) | dict(locality.labels) | {CLUSTER: _THIS_CLUSTER} | ({NODE: node} if node else {})


def _differs_at(keys: tuple[str, ...], client: dict[str, str], each: ServiceEndpoint) -> int:
    """0 when all labels are as wanted; the more the earlier the first is that is not."""
    workload = each.workload
    own = known_labels(workload.labels if workload else (), each.locality, workload.node if workload else "")
    for index, said in enumerate(keys):
        key, equals, value = said.partition("=")
        if own.get(key, "") != (value if equals else client.get(key, "")):
            return len(keys) - index
    return 0


def distance(client: Locality, other: Locality, region: str | None = None) -> int:
    """0 for the same place, 1 same zone, 2 same region, 3 elsewhere; 4 where `region` is preferred to it."""
    if client.region != other.region:
        return 2 + regions_apart(client, other, region)
    if client.zone != other.zone:
        return 2
    return int(client.sub_zone != other.sub_zone)


def regions_apart(client: Locality, other: Locality, region: str | None = None) -> int:
    """0 for the same region, 1 for another; 2 where `region` is preferred to it."""
    if client.region == other.region:
        return 0
    return 1 if region in (None, other.region) else 2


def _zone_aware(groups: list[Group[E]], preference: Preference, enough: int) -> list[Group[E]]:
    """Shares by zone among the nearest. Zones that get none come right after them, before all that are farther."""
    nearest = [group for group in groups if group.priority == 0]
    if not preference.locality or sum(len(group.members) for group in nearest) < enough:
        return groups
    total: dict[Locality, int] = {}
    for group in nearest:
        zone = group.locality.without_sub_zone
        total[zone] = total.get(zone, 0) + group.weight
    shares = zone_shares(preference.locality.without_sub_zone, dict(preference.peers), total)

    def placed(group: Group[E]) -> Group[E]:
        zone = group.locality.without_sub_zone
        if group.priority:
            return replace(group, priority=group.priority + int(len(shares) < len(total)))
        if zone not in shares:
            return replace(group, priority=1)
        return replace(group, weight=max(1, round(_FINEST * shares[zone] * group.weight / total[zone])))

    return sorted(map(placed, groups), key=lambda group: group.priority)


def _distributed(groups: list[Group[E]], rule: Distribute) -> list[Group[E]]:
    """Shares by locality, split among those like one pattern by their weights. The rest gets nothing."""
    patterns = sorted((pattern for pattern, _ in rule.to), key=_vague)
    chosen = [(next((p for p in patterns if matches(group.locality, p)), None), group) for group in groups]
    kept = [(pattern, group) for pattern, group in chosen if pattern is not None]
    total: dict[str, int] = {}
    for pattern, group in kept:
        total[pattern] = total.get(pattern, 0) + group.weight
    shares = dict(rule.to)
    exact = all(shares[pattern] * group.weight % total[pattern] == 0 for pattern, group in kept)
    finer = 1 if exact else _FINER
    return [
        replace(group, weight=max(1, round(finer * shares[pattern] * group.weight / total[pattern])))
        for pattern, group in kept
    ]


def _vague(pattern: str) -> tuple[int, str]:
    """What says more of a locality goes before what says less."""
    return -len([part for part in pattern.split("/") if part not in ("", "*")]), pattern
