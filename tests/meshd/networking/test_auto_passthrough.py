"""What a gateway reaches by server names: services of the mesh, where they take mutual TLS, and nothing else."""

from typing import Any

from tests.meshd.networking.mesh_of import MESHES, changes_of, engine_of, proxy_of, resources_of

SHOP = (MESHES / "shop.yaml").read_text()
GATEWAY = """
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: cross-network, namespace: istio-system}
spec:
  selector: {istio: ingressgateway}
  servers:
  - port: {number: 15443, name: tls, protocol: TLS}
    hosts: ["%s"]
    tls: {mode: AUTO_PASSTHROUGH}
"""
OUTSIDE = """
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: outside, namespace: shop}
spec:
  hosts: [named.test, "*.wild.test"]
  ports: [{number: 443, name: tls, protocol: TLS}]
  resolution: STATIC
  endpoints: [{address: 192.0.2.9}]
"""
REVIEWS = "outbound_.9080_._.reviews.shop.svc.cluster.local"


def made(*objects: str) -> dict[str, dict[str, Any]]:
    return resources_of(engine_of("\n---\n".join((SHOP, *objects))), "istio-system/gateway-1")


def names(host: str, *objects: str) -> set[str]:
    chains = made(GATEWAY % host, *objects)["Listener"]["0.0.0.0_15443"]["filterChains"]
    return {name for chain in chains for name in chain["filterChainMatch"]["serverNames"]}


def test_neither_hosts_outside_nor_wildcards_are_reached() -> None:
    inside = names("*")
    assert REVIEWS in inside
    assert names("*", OUTSIDE) == inside
    assert names("*", OUTSIDE + "  location: MESH_INTERNAL\n") == inside | {"outbound_.443_._.named.test"}


def test_only_endpoints_that_take_mutual_tls_are_reached() -> None:
    def addresses(name: str) -> list[str]:
        found = made(GATEWAY % "*")["ClusterLoadAssignment"][name]["endpoints"]
        return [
            each["endpoint"]["address"]["socketAddress"]["address"] for place in found for each in place["lbEndpoints"]
        ]

    assert sorted(addresses("outbound|9080||reviews.shop.svc.cluster.local")) == ["10.0.0.2", "10.0.0.3"]
    assert addresses(REVIEWS) == ["10.0.0.2"]


def test_a_server_that_comes_later_brings_all_it_needs() -> None:
    engine = engine_of(SHOP)
    before = engine.acquire(proxy_of(engine, "istio-system/gateway-1"))
    found = engine.apply(changes_of(GATEWAY % "*")).deltas
    brought = {delta.type_url.rpartition(".")[2] for delta in found if delta.changed}
    assert brought == {"Cluster", "ClusterLoadAssignment", "Listener"}
    engine.release(before)


def test_other_gateways_have_none_of_it() -> None:
    assert not any(name.startswith("outbound_.") for name in made()["Cluster"])
