"""Ports whose protocol nobody named."""

from typing import Any

from tests.meshd.networking.mesh_of import MESHES, engine_of, resources_of

SHOP = (MESHES / "shop.yaml").read_text()
Json = dict[str, Any]


def service(
    name: str, port: str = "{port: 7000, targetPort: 7000}", app: str = "database", address: str = "10.96.0.9"
) -> str:
    return f"""
apiVersion: v1
kind: Service
metadata: {{name: {name}, namespace: shop}}
spec: {{clusterIP: {address}, selector: {{app: {app}}}, ports: [{port}]}}
"""


def made(*objects: str, workload: str = "shop/frontend-1") -> dict[str, Json]:
    return resources_of(engine_of("\n---\n".join((SHOP, *objects))), workload)


def peer_authentication(mode: str) -> str:
    return f"""
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: {{name: default, namespace: shop}}
spec: {{mtls: {{mode: {mode}}}}}
"""


def chains(*objects: str) -> list[str]:
    listener = made(*objects, workload="shop/database-1")["Listener"]["virtualInbound"]
    return [chain["name"] for chain in listener["filterChains"] if chain["name"].startswith("7000_")]


def inspectors(*objects: str) -> list[str]:
    listener = made(*objects, workload="shop/database-1")["Listener"]["virtualInbound"]
    return [each["name"].rpartition(".")[2] for each in listener["listenerFilters"]]


def test_a_server_that_another_service_names_the_protocol_of_is_not_looked_into() -> None:
    unnamed = service("a")
    assert chains(unnamed) == ["7000_mtls_http", "7000_mtls", "7000_plaintext_http", "7000_plaintext", "7000_tls"]
    named = service("b", "{name: tcp, port: 1, targetPort: 7000}", address="10.96.0.10")
    assert chains(unnamed, named) == ["7000_mtls", "7000_plaintext", "7000_tls"]
    assert inspectors(unnamed, named) == inspectors()


def test_bytes_are_read_only_where_plaintext_is_let_in() -> None:
    assert inspectors(service("a")) == ["original_dst", "tls_inspector", "http_inspector"]
    assert inspectors(service("a"), peer_authentication("DISABLE")) == ["original_dst", "http_inspector"]
    strict = peer_authentication("STRICT")
    assert inspectors(service("a"), strict) == ["original_dst", "tls_inspector"]
    assert chains(service("a"), strict) == ["7000_mtls_http", "7000_mtls"]


def test_several_ports_share_one_inspector() -> None:
    ports = (service("a"), service("b", "{port: 7001, targetPort: 7001}", address="10.96.0.10"))
    listener = made(*ports, workload="shop/database-1")["Listener"]["virtualInbound"]
    chosen = listener["listenerFilters"][-1]["filterDisabled"]["notMatch"]["orMatch"]["rules"]
    assert [each["destinationPortRange"]["start"] for each in chosen] == [7000, 7001]


def test_servers_that_speak_first_are_heard_in_the_end() -> None:
    listener = made(service("a"))["Listener"]["10.96.0.9_7000"]
    assert (listener["listenerFiltersTimeout"], listener["continueOnListenerFiltersTimeout"]) == ("5s", True)


def test_ports_with_a_name_need_none_of_it() -> None:
    found = made(service("a", "{name: tcp, port: 7000, targetPort: 7000}"))
    assert "listenerFilters" not in found["Listener"]["10.96.0.9_7000"]
    assert "a.shop.svc.cluster.local:7000" not in found["RouteConfiguration"]


def test_a_rules_own_tls_is_not_told_the_meshs_protocol() -> None:
    tls = """
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: a, namespace: shop}
spec: {host: a, trafficPolicy: {tls: {mode: SIMPLE}}}
"""
    listener = made(service("a"), tls)["Listener"]["10.96.0.9_7000"]
    assert [len(chain["filters"]) for chain in listener["filterChains"]] == [1, 1]
    assert [len(c["filters"]) for c in made(service("a"))["Listener"]["10.96.0.9_7000"]["filterChains"]] == [2, 1]


def test_pods_of_headless_services_are_looked_into_each_at_its_address() -> None:
    pods = """
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: a-1, namespace: shop, labels: {kubernetes.io/service-name: a}}
addressType: IPv4
ports: [{port: 7000}]
endpoints: [{addresses: [10.0.0.4], targetRef: {kind: Pod, name: database-1, namespace: shop}}]
"""
    found = made(service("a", "{port: 70, targetPort: 7000}", address="None"), pods)
    [listener] = [name for name in found["Listener"] if name.endswith("_7000")]
    assert listener == "10.0.0.4_7000"
    [http] = [chain for chain in found["Listener"][listener]["filterChains"] if "filterChainMatch" in chain]
    assert http["filterChainMatch"] == {"applicationProtocols": ["http/1.0", "http/1.1", "h2c"]}
    [manager] = http["filters"]
    route = found["RouteConfiguration"][manager["typedConfig"]["rds"]["routeConfigName"]]
    [virtual_host] = route["virtualHosts"]
    assert virtual_host["routes"][-1]["route"]["cluster"] == "outbound|70|*|a.shop.svc.cluster.local"
