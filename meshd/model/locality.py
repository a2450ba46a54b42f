"""Where a workload runs, and what a DestinationRule or the mesh says of near and far endpoints.

https://istio.io/latest/docs/tasks/traffic-management/locality-load-balancing/
"""

from dataclasses import dataclass

from meshd.model.labels import Labels

REGION = "topology.kubernetes.io/region"
ZONE = "topology.kubernetes.io/zone"
SUB_ZONE = "topology.istio.io/subzone"
NODE = "kubernetes.io/hostname"
CLUSTER = "topology.istio.io/cluster"
PLACES = (REGION, ZONE, SUB_ZONE)
LOCALITY_LABEL = "istio-locality"
"""Label of a pod, "region.zone.subzone": goes before what its node says."""


@dataclass(frozen=True, slots=True, order=True)
class Locality:
    """All empty where nothing is known."""

    region: str = ""
    zone: str = ""
    sub_zone: str = ""

    def __bool__(self) -> bool:
        return bool(self.region or self.zone or self.sub_zone)

    @property
    def without_sub_zone(self) -> "Locality":
        """The whole zone."""
        return Locality(self.region, self.zone)

    @property
    def labels(self) -> Labels:
        """What it means as labels of a workload."""
        parts = zip(PLACES, (self.region, self.zone, self.sub_zone), strict=True)
        return tuple((key, value) for key, value in parts if value)


NOWHERE = Locality()

Zones = tuple[tuple[Locality, int], ...]
"""How many there are in each zone; localities without sub-zones."""


def locality_of(text: str, separator: str = "/") -> Locality:
    """From "region/zone/subzone"; in a label's value dots stand for the slashes."""
    return Locality(*text.split(separator)[:3]) if text else NOWHERE


def matches(locality: Locality, pattern: str) -> bool:
    """Whether `pattern` ("region/zone/subzone", "region/zone/*", "region/*", "*") covers a locality.

    What a pattern leaves out at its end may be anything, as a "*" there.
    """
    parts = (locality.region, locality.zone, locality.sub_zone)
    return all(wanted in ("*", part) for wanted, part in zip(pattern.split("/"), parts, strict=False) if wanted)


@dataclass(frozen=True, slots=True)
class Distribute:
    """Clients in localities like `source` send these shares, in percent, to localities like those in `to`."""

    source: str
    to: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class LocalityLbSetting:
    """At most one of `distribute` and `failover`, whose pairs lead from one region to another.

    `failover_priority` are keys of labels that client and endpoint should have the same values of, or "key=value" that
    the endpoint should have, the most important first. With `min_cluster_size`, endpoints of one region are all alike
    but for zone-aware shares (meshd.networking.zones), which need that many endpoints at least; 0 turns them off.
    """

    distribute: tuple[Distribute, ...] = ()
    failover: tuple[tuple[str, str], ...] = ()
    failover_priority: tuple[str, ...] = ()
    enabled: bool = True
    min_cluster_size: int = 0

    @property
    def zone_aware(self) -> bool:
        """Whether load is even over zones, with as little traffic between them as that allows."""
        return bool(self.min_cluster_size)

    @property
    def asked_labels(self) -> frozenset[str]:
        """Keys of the labels of clients that it depends on, where they are run included."""
        return frozenset(each for each in self.failover_priority if "=" not in each) - {*PLACES, CLUSTER}

    @property
    def asks_locality(self) -> bool:
        """Whether it depends on the client's locality."""
        by_label = bool(self.failover_priority) and not (self.failover or set(self.failover_priority) & set(PLACES))
        return bool(self.distribute or self.zone_aware) or not by_label

    @property
    def is_said(self) -> bool:
        """Whether it says more than the default, to go to what is near."""
        return bool(self.distribute or self.failover or self.failover_priority or self.zone_aware)


NEAREST = LocalityLbSetting()
"""Istio's default: endpoints in the client's sub-zone go before those in its zone, its region and elsewhere."""
