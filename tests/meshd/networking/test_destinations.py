"""Destinations beyond plain Services that are easy to get wrong: who owns a name, an address, a port."""

from typing import Any

import pytest

from tests.meshd.networking.mesh_of import MESHES, engine_of, resources_of

SHOP = (MESHES / "shop.yaml").read_text()
BANK = """
apiVersion: v1
kind: Pod
metadata:
  name: teller-1
  namespace: bank
  uid: teller-1
  labels: {app: teller, security.istio.io/tlsMode: istio}
  annotations: {sidecar.istio.io/status: "{}"}
spec:
  containers: [{name: app}, {name: istio-proxy}]
status: {phase: Running, podIP: 10.1.9.1}
"""


def entry(name: str, spec: str, namespace: str = "shop", day: int = 1) -> str:
    return f"""
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {{name: {name}, namespace: {namespace}, creationTimestamp: "2026-01-{day:02}T00:00:00Z"}}
spec: {{{spec}}}
"""


def seen(*objects: str, by: str = "shop/frontend-1") -> dict[str, dict[str, Any]]:
    return resources_of(engine_of("\n---\n".join((SHOP, BANK, *objects))), by)


def addresses(made: dict[str, dict[str, Any]], cluster: str) -> list[str]:
    """Where the endpoints that a proxy is told of, or is to ask DNS for, are."""
    assignment = made["ClusterLoadAssignment"].get(cluster) or made["Cluster"][cluster]["loadAssignment"]
    return [
        "{address}:{portValue}".format(**endpoint["endpoint"]["address"]["socketAddress"])
        for locality in assignment.get("endpoints", ())
        for endpoint in locality["lbEndpoints"]
    ]


HTTP = "ports: [{number: 80, name: http, protocol: HTTP}]"


def static(address: str) -> str:
    return f"resolution: STATIC, endpoints: [{{address: {address}}}]"


def test_each_namespace_has_its_own_entry_for_a_host() -> None:
    objects = (
        entry("api", f"hosts: [api.test], {HTTP}, exportTo: [.], {static('192.0.2.1')}"),
        entry("api", f"hosts: [api.test], {HTTP}, exportTo: [.], {static('192.0.2.2')}", "bank"),
    )
    cluster = "outbound|80||api.test"
    assert addresses(seen(*objects), cluster) == ["192.0.2.1:80"]
    assert addresses(seen(*objects, by="bank/teller-1"), cluster) == ["192.0.2.2:80"]
    assert cluster not in seen(*objects, by="istio-system/gateway-1")["Cluster"]


def test_of_entries_for_one_host_the_oldest_counts() -> None:
    objects = (
        entry("a", f"hosts: [api.test], {HTTP}, {static('192.0.2.1')}", "bank", day=2),
        entry("b", f"hosts: [api.test], {HTTP}, {static('192.0.2.2')}", "shop", day=1),
    )
    assert addresses(seen(*objects), "outbound|80||api.test") == ["192.0.2.2:80"]


def test_entries_of_one_namespace_add_ports_to_each_other() -> None:
    other = "ports: [{number: 81, name: http-b, protocol: HTTP}]"
    made = seen(
        entry("a", f"hosts: [api.test], {HTTP}, {static('192.0.2.1')}"),
        entry("b", f"hosts: [api.test], {other}, {static('192.0.2.1')}", day=2),
    )
    assert addresses(made, "outbound|80||api.test") == ["192.0.2.1:80"]
    assert addresses(made, "outbound|81||api.test") == ["192.0.2.1:81"]


def test_an_entry_takes_no_name_from_a_kubernetes_service() -> None:
    full = "reviews.shop.svc.cluster.local"
    ports = "ports: [{number: 9080, name: http, protocol: HTTP}]"
    made = seen(entry("squat", f"hosts: [{full}, reviews.shop, reviews], {ports}, {static('192.0.2.1')}"))
    assert "192.0.2.1:9080" not in addresses(made, f"outbound|9080||{full}")
    hosts = [d for name, host in made["VirtualHost"].items() if name.startswith("9080/") for d in host["domains"]]
    assert len(hosts) == len(set(hosts))


def test_an_address_that_two_hosts_have_belongs_to_the_older() -> None:
    made = seen(
        entry("a", f"hosts: [a.test], addresses: [192.0.2.9], {HTTP}, {static('192.0.2.1')}", day=2),
        entry("b", f"hosts: [b.test], addresses: [192.0.2.9], {HTTP}, {static('192.0.2.2')}", day=1),
    )
    assert made["VirtualHost"]["80/a.test"]["domains"] == ["a.test"]
    assert made["VirtualHost"]["80/b.test"]["domains"] == ["b.test", "192.0.2.9"]


def test_a_rule_for_one_name_of_a_wildcard_leads_to_the_wildcards_service() -> None:
    rule = """
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: one, namespace: shop}
spec: {hosts: [one.wild.test], http: [{route: [{destination: {host: one.wild.test}}]}]}
"""
    ports = "ports: [{number: 8000, name: http, protocol: HTTP}]"
    made = seen(entry("wild", f'hosts: ["*.wild.test"], {ports}, resolution: NONE'), rule)
    host = made["VirtualHost"]["8000/one.wild.test"]
    assert host["routes"][0]["route"]["cluster"] == "outbound|8000||*.wild.test"


def chains(made: dict[str, dict[str, Any]], listener: str) -> list[tuple[dict[str, Any], str]]:
    """(match, cluster or route) of each filter chain."""
    found = []
    for chain in made["Listener"][listener]["filterChains"]:
        config = chain["filters"][-1]["typedConfig"]
        found.append((chain.get("filterChainMatch", {}), config.get("cluster") or config["rds"]["routeConfigName"]))
    return found


TLS = "ports: [{number: 443, name: tls, protocol: TLS}]"
TCP = "ports: [{number: 443, name: tcp, protocol: TCP}]"


def test_a_namespaces_own_hosts_join_those_of_all_at_a_port() -> None:
    objects = (
        entry("all", f"hosts: [all.test], {TLS}, resolution: DNS", "istio-system"),
        entry("own", f"hosts: [own.test], {TLS}, resolution: DNS, exportTo: [.]", "bank", day=2),
    )
    names = [match.get("serverNames") for match, _ in chains(seen(*objects, by="bank/teller-1"), "0.0.0.0_443")]
    assert names == [["all.test"], ["own.test"], None]
    names = [match.get("serverNames") for match, _ in chains(seen(*objects), "0.0.0.0_443")]
    assert names == [["all.test"], None]


def test_http_goes_before_tcp_at_a_port_and_leaves_other_tls_alone() -> None:
    http = "ports: [{number: 443, name: http, protocol: HTTP}]"
    made = seen(
        entry("tcp", f"hosts: [tcp.test], {TCP}, resolution: DNS"),
        entry("tls", f"hosts: [tls.test], {TLS}, resolution: DNS"),
        entry("http", f"hosts: [http.test], {http}, resolution: DNS"),
    )
    assert chains(made, "0.0.0.0_443") == [
        ({"transportProtocol": "tls", "serverNames": ["tls.test"]}, "outbound|443||tls.test"),
        ({"transportProtocol": "tls"}, "PassthroughCluster"),
        ({}, "443"),
    ]


def test_within_a_range_what_has_no_known_server_name_still_arrives() -> None:
    ranged = 'addresses: ["198.51.100.0/24"], resolution: NONE'
    made = seen(entry("range", f"hosts: [range.test], {TLS}, {ranged}"))
    prefix = [{"addressPrefix": "198.51.100.0", "prefixLen": 24}]
    assert chains(made, "0.0.0.0_443") == [
        (
            {"transportProtocol": "tls", "serverNames": ["range.test"], "prefixRanges": prefix},
            "outbound|443||range.test",
        ),
        ({"prefixRanges": prefix}, "outbound|443||range.test"),
        ({}, "PassthroughCluster"),
    ]


def test_outside_the_mesh_nobody_is_asked_for_mutual_tls() -> None:
    spec = f"hosts: [api.test], {HTTP}, resolution: STATIC, endpoints: [{{address: 192.0.2.1, serviceAccount: a}}]"
    outside = seen(entry("a", spec))["Cluster"]["outbound|80||api.test"]
    inside = seen(entry("a", f"{spec}, location: MESH_INTERNAL"))["Cluster"]["outbound|80||api.test"]
    assert "transportSocketMatches" not in outside
    assert "transportSocketMatches" in inside


@pytest.mark.parametrize("target", ["reviews.shop.svc.cluster.local", "second.shop.svc.cluster.local", "away.test"])
def test_an_alias_is_served_where_what_it_names_is(target: str) -> None:
    def alias(name: str, to: str) -> str:
        return f"""
apiVersion: v1
kind: Service
metadata: {{name: {name}, namespace: shop}}
spec: {{type: ExternalName, externalName: {to}}}
"""

    made = seen(alias("first", target), alias("second", "reviews.shop.svc.cluster.local"))
    host = made["VirtualHost"].get("9080/first.shop.svc.cluster.local")
    if target == "away.test":
        assert host is None
    else:
        assert host is not None
        assert host["routes"][0]["route"]["cluster"] == "outbound|9080||reviews.shop.svc.cluster.local"


def test_aliases_of_each_other_lead_nowhere() -> None:
    def alias(name: str, to: str) -> str:
        return f"""
apiVersion: v1
kind: Service
metadata: {{name: {name}, namespace: shop}}
spec: {{type: ExternalName, externalName: {to}.shop.svc.cluster.local}}
"""

    made = seen(alias("a", "b"), alias("b", "a"))
    assert not [name for name in made["VirtualHost"] if "/a." in name]


def test_gateways_spread_requests_over_a_headless_service_and_sidecars_do_not() -> None:
    headless = """
apiVersion: v1
kind: Service
metadata: {name: store, namespace: shop}
spec: {clusterIP: None, selector: {app: database}, ports: [{name: http, port: 80, targetPort: 8080}]}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: store-a, namespace: shop, labels: {kubernetes.io/service-name: store}}
addressType: IPv4
ports: [{name: http, port: 8080}]
endpoints: [{addresses: [10.0.0.4], targetRef: {kind: Pod, name: database-1, namespace: shop}}]
---
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: edge, namespace: shop}
spec:
  selector: {istio: ingressgateway}
  servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: [store.test]}]
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: store, namespace: shop}
spec:
  hosts: [store.test, store]
  gateways: [edge, mesh]
  http: [{route: [{destination: {host: store}}]}]
"""
    host = "store.shop.svc.cluster.local"
    inside = seen(headless)
    assert inside["VirtualHost"][f"80/{host}"]["routes"][0]["route"]["cluster"] == f"outbound|80|*|{host}"
    assert inside["Cluster"][f"outbound|80|*|{host}"]["originalDstLbConfig"] == {"upstreamPortOverride": 8080}
    edge = seen(headless, by="istio-system/gateway-1")
    assert edge["VirtualHost"]["http.80/store.test"]["routes"][0]["route"]["cluster"] == f"outbound|80||{host}"
    assert addresses(edge, f"outbound|80||{host}") == ["10.0.0.4:8080"]
