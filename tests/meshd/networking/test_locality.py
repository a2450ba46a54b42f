"""Which endpoints a client prefers by where both run, and by labels."""

from dataclasses import replace

import pytest

from meshd.ingest.kubernetes.node import rows
from meshd.model.destination import LoadBalancer, OutlierDetection, TrafficPolicy
from meshd.model.labels import labels_of
from meshd.model.locality import NEAREST, NOWHERE, Distribute, Locality, LocalityLbSetting, Zones, locality_of, matches
from meshd.model.mesh import MeshConfig
from meshd.model.resource import Scope
from meshd.model.service import Endpoint, Workload
from meshd.networking.clusters.policy import locality_setting
from meshd.networking.engine import Engine
from meshd.networking.preference import Preference, distance, grouped
from meshd.networking.scopes import OutboundScope, proxy_scope
from meshd.networking.service_endpoints import ServiceEndpoint
from meshd.networking.visibility import outbound_layers
from tests.meshd.networking.mesh_of import MESHES, engine_of, proxy_of, resources_of

SHOP = (MESHES / "shop.yaml").read_text()
HERE = locality_of("eu/north/a")
OUTLIERS = OutlierDetection(consecutive_5xx_errors=1)


@pytest.mark.parametrize(
    ("pattern", "covered"),
    [
        ("*", True),
        ("eu", True),
        ("eu/*", True),
        ("eu/north", True),
        ("eu/north/*", True),
        ("eu/north/a", True),
        ("us/*", False),
        ("eu/south", False),
        ("eu/north/b", False),
    ],
)
def test_patterns_cover_localities(pattern: str, covered: bool) -> None:
    assert matches(HERE, pattern) is covered


def test_localities_are_read_from_text_and_labels() -> None:
    assert locality_of("") == NOWHERE
    assert locality_of("eu") == Locality("eu")
    assert locality_of("eu/north/a/b") == HERE
    assert locality_of("eu.north.a", ".") == HERE


def test_distances_are_istios_priorities() -> None:
    places = ("eu/north/a", "eu/north/b", "eu/south", "us/west", "asia/east")
    assert [distance(HERE, locality_of(place)) for place in places] == [0, 1, 2, 3, 3]
    assert [distance(HERE, locality_of(place), "us") for place in places] == [0, 1, 2, 3, 4]


def endpoint(locality: str, weight: int = 1, **labels: str) -> ServiceEndpoint:
    workload = Workload("shop", "w", "", "", labels_of(labels), "", "w", in_mesh=False)
    return ServiceEndpoint(Endpoint(f"10.0.0.{weight}", weight=weight), 80, workload, locality_of(locality))


def groups(setting: LocalityLbSetting | None, *endpoints: ServiceEndpoint, **labels: str) -> list[tuple[str, int, int]]:
    """(locality, priority, weight) of each group."""
    found = grouped(endpoints, Preference(setting, HERE, labels_of(labels)))
    places = ["/".join(filter(None, (g.locality.region, g.locality.zone, g.locality.sub_zone))) for g in found]
    return [(place, group.priority, group.weight) for place, group in zip(places, found, strict=True)]


def test_without_a_setting_all_are_alike() -> None:
    assert groups(None, endpoint("us"), endpoint("eu/north/a", 2)) == [("eu/north/a", 0, 2), ("us", 0, 1)]


def test_priorities_have_no_gaps() -> None:
    found = groups(NEAREST, endpoint("us"), endpoint("eu/north/b"), endpoint("asia", 3))
    assert found == [("eu/north/b", 0, 1), ("asia", 1, 3), ("us", 1, 1)]


def test_failover_leads_to_a_region() -> None:
    setting = LocalityLbSetting(failover=(("us", "asia"), ("eu", "us")))
    assert groups(setting, endpoint("us"), endpoint("asia"), endpoint("eu/south")) == [
        ("eu/south", 0, 1),
        ("us", 1, 1),
        ("asia", 2, 1),
    ]


def test_failover_priority_counts_labels_that_agree_in_order() -> None:
    setting = LocalityLbSetting(failover_priority=("tier=gold", "version", "topology.kubernetes.io/region"))
    all_three, first_two = endpoint("eu/x", tier="gold", version="v1"), endpoint("us", tier="gold", version="v1")
    first, others = endpoint("eu/y", tier="gold", version="v2"), endpoint("eu/z", version="v1")
    assert groups(setting, others, first, first_two, all_three, version="v1") == [
        ("eu/x", 0, 1),
        ("us", 1, 1),
        ("eu/y", 2, 1),
        ("eu/z", 3, 1),
    ]


def test_labels_that_neither_has_agree() -> None:
    setting = LocalityLbSetting(failover_priority=("version",))
    assert groups(setting, endpoint("us"), endpoint("eu", version="v1")) == [("us", 0, 1), ("eu", 1, 1)]


def test_failover_decides_among_those_whose_labels_agree() -> None:
    setting = LocalityLbSetting(failover=(("eu", "us"),), failover_priority=("version",))
    far, near = endpoint("asia", version="v1"), endpoint("us", version="v1")
    assert groups(setting, endpoint("eu/north/a"), far, near, version="v1") == [
        ("us", 0, 1),
        ("asia", 1, 1),
        ("eu/north/a", 2, 1),
    ]


def test_shares_go_to_localities_whatever_their_size() -> None:
    setting = LocalityLbSetting((Distribute("us/*", (("*", 100),)), Distribute("eu/*", (("eu/*", 80), ("us", 20)))))
    assert groups(setting, endpoint("eu/a", 5), endpoint("us", 9), endpoint("asia")) == [("eu/a", 0, 80), ("us", 0, 20)]


def test_a_share_is_split_by_weight_and_the_closer_pattern_counts() -> None:
    setting = LocalityLbSetting((Distribute("*", (("*", 10), ("eu/a", 90))),))
    found = groups(setting, endpoint("eu/a"), endpoint("eu/b", 1), endpoint("us", 2))
    assert found == [("eu/a", 0, 90_000), ("eu/b", 0, 3333), ("us", 0, 6667)]


def test_clients_elsewhere_follow_no_shares() -> None:
    setting = LocalityLbSetting((Distribute("us/*", (("us", 100),)),))
    assert groups(setting, endpoint("eu/a", 5), endpoint("us", 9)) == [("eu/a", 0, 5), ("us", 0, 9)]


NORTH, SOUTH = Locality("eu", "north"), Locality("eu", "south")


def by_zone(setting: LocalityLbSetting, peers: Zones, *endpoints: ServiceEndpoint) -> list[tuple[str, int, int]]:
    found = grouped(endpoints, Preference(setting, HERE, (), peers))
    return [(group.locality.zone or group.locality.region, group.priority, group.weight) for group in found]


def test_a_zone_with_enough_endpoints_keeps_its_load_and_the_others_come_next() -> None:
    setting = LocalityLbSetting(min_cluster_size=3, failover=(("eu", "us"),))
    four = (endpoint("us"), endpoint("asia"), endpoint("eu/north/a"), endpoint("eu/north/b"), endpoint("eu/south"))
    half = ((NORTH, 2), (SOUTH, 2))
    assert by_zone(setting, half, *four) == [
        ("north", 0, 50_000),
        ("north", 0, 50_000),
        ("south", 1, 1),
        ("us", 2, 1),
        ("asia", 3, 1),
    ]


def test_a_zone_with_too_few_sends_the_rest_where_there_are_enough() -> None:
    endpoints = (endpoint("eu/north"), endpoint("eu/south", 3), endpoint("us"))
    assert by_zone(LocalityLbSetting(min_cluster_size=2), ((NORTH, 1), (SOUTH, 1)), *endpoints) == [
        ("north", 0, 50_000),
        ("south", 0, 50_000),
        ("us", 1, 1),
    ]


def test_few_endpoints_are_all_alike_in_their_region() -> None:
    setting = LocalityLbSetting(min_cluster_size=3)
    alike = [("north", 0, 1), ("south", 0, 1), ("us", 1, 1)]
    assert by_zone(setting, ((NORTH, 1),), endpoint("eu/north"), endpoint("eu/south"), endpoint("us")) == alike


def test_labels_go_before_regions_and_zones() -> None:
    setting = LocalityLbSetting(min_cluster_size=1, failover_priority=("tier=gold",))
    gold = (endpoint("us", tier="gold"), endpoint("eu/south", tier="gold"))
    assert by_zone(setting, ((NORTH, 1),), endpoint("eu/north"), *gold) == [
        ("south", 0, 100_000),
        ("us", 1, 1),
        ("north", 2, 1),
    ]


def test_zone_aware_shares_go_before_the_meshs_preference() -> None:
    zones = LocalityLbSetting(min_cluster_size=6)
    off = replace(zones, enabled=False)
    mesh = MeshConfig(zone_aware_lb_setting=zones)
    balanced = TrafficPolicy(LoadBalancer(locality=off), outlier_detection=OUTLIERS)
    assert locality_setting(TrafficPolicy(), mesh) == zones
    assert locality_setting(TrafficPolicy(LoadBalancer(locality=zones)), MeshConfig()) == zones
    assert locality_setting(balanced, mesh) == NEAREST
    assert locality_setting(TrafficPolicy(LoadBalancer(locality=off)), mesh) is None
    assert locality_setting(TrafficPolicy(outlier_detection=OUTLIERS), MeshConfig(zone_aware_lb_setting=off)) == NEAREST


def test_priorities_need_outlier_detection_and_shares_do_not() -> None:
    shares = LocalityLbSetting((Distribute("*", (("eu", 100),)),))
    off = LocalityLbSetting(enabled=False)

    def in_force(own: LocalityLbSetting | None, default: LocalityLbSetting = NEAREST, outliers: bool = True) -> object:
        policy = TrafficPolicy(LoadBalancer(locality=own), outlier_detection=OUTLIERS if outliers else None)
        return locality_setting(policy, MeshConfig(locality_lb_setting=default))

    assert in_force(None) == NEAREST
    assert in_force(None, off) is None
    assert in_force(off) is None
    assert in_force(NEAREST, off) == NEAREST
    assert in_force(None, shares, outliers=False) == in_force(shares, outliers=False) == shares
    assert in_force(NEAREST, outliers=False) is None


NODES = """
apiVersion: v1
kind: Node
metadata: {name: n, labels: {topology.kubernetes.io/region: eu, topology.kubernetes.io/zone: north}}
---
apiVersion: v1
kind: Pod
metadata: {name: away, namespace: shop, uid: away, labels: {app: frontend, security.istio.io/tlsMode: istio}}
spec: {nodeName: n, containers: [{name: app}, {name: istio-proxy}]}
status: {phase: Running, podIP: 10.0.0.99}
"""
RULE = """
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {{name: reviews, namespace: shop}}
spec: {{host: reviews, trafficPolicy: {{{policy}}}}}
"""
CLUSTER = "outbound|9080||reviews.shop.svc.cluster.local"


def layers_of(engine: Engine, pod: str) -> tuple[Scope, ...]:
    query = engine.memo.pin(outbound_layers, proxy_scope(proxy_of(engine, pod)))
    layers: tuple[Scope, ...] = query.value
    return layers


def scopes(policy: str, pod: str = "shop/away", mesh: MeshConfig | None = None) -> set[object]:
    engine = engine_of("\n---\n".join((SHOP, NODES, RULE.format(policy=policy))), mesh or MeshConfig())
    return {getattr(layer, "locality", NOWHERE) for layer in layers_of(engine, pod)}


def test_localities_tell_proxies_apart_only_where_a_policy_asks() -> None:
    asked = {NOWHERE, Locality("eu", "north")}
    assert scopes("loadBalancer: {simple: RANDOM}") == {NOWHERE}
    assert scopes("outlierDetection: {}") == asked
    assert scopes("outlierDetection: {}", "shop/frontend-1") == {NOWHERE}, "it runs nobody knows where"
    assert scopes("outlierDetection: {}", mesh=MeshConfig(locality_lb_setting=LocalityLbSetting(enabled=False))) == {
        NOWHERE
    }
    by_label = "outlierDetection: {{}}, loadBalancer: {{localityLbSetting: {{failoverPriority: [{key}]}}}}"
    assert scopes(by_label.format(key="version")) == asked, "a subset's balancer may leave it out"
    off = MeshConfig(locality_lb_setting=LocalityLbSetting(enabled=False))
    assert scopes(by_label.format(key="version"), mesh=off) == {NOWHERE}
    assert scopes(by_label.format(key="topology.kubernetes.io/zone"), mesh=off) == asked


def test_shares_of_the_whole_mesh_are_for_every_service() -> None:
    shares = MeshConfig(locality_lb_setting=LocalityLbSetting((Distribute("eu", (("*", 100),)),)))
    engine = engine_of(f"{SHOP}\n---\n{NODES}", shares)
    made = resources_of(engine, "shop/away")["ClusterLoadAssignment"][CLUSTER]
    assert [locality["loadBalancingWeight"] for locality in made["endpoints"]] == [100]


def peers_of(engine: Engine, pod: str) -> set[Zones]:
    return {layer.peers for layer in layers_of(engine, pod) if isinstance(layer, OutboundScope)}


def test_peers_are_counted_where_a_policy_shares_by_zone() -> None:
    rule = RULE.format(policy="loadBalancer: {zoneAwareLbSetting: {}}")
    assert peers_of(engine_of("\n---\n".join((SHOP, NODES, rule))), "shop/away") == {
        (),
        ((NOWHERE, 1), (Locality("eu", "north"), 1)),
    }
    assert peers_of(
        engine_of("\n---\n".join((SHOP, NODES, RULE.format(policy="outlierDetection: {}")))), "shop/away"
    ) == {()}
    everywhere = MeshConfig(zone_aware_lb_setting=LocalityLbSetting(min_cluster_size=6))
    assert len(peers_of(engine_of(f"{SHOP}\n---\n{NODES}", everywhere), "shop/away")) == 2


def test_a_node_that_is_labelled_later_moves_its_pods() -> None:
    engine = engine_of("\n---\n".join((SHOP, NODES, RULE.format(policy="outlierDetection: {}"))))
    lease = engine.acquire(proxy_of(engine, "shop/away"))
    labels = b'{"topology.kubernetes.io/region": "us"}'
    done = engine.apply(rows(b'{"metadata": {"name": "n", "labels": ' + labels + b"}}"))
    assert lease.proxy in done.regrouped
