"""Rules of Istio's API that are easy to get wrong, each on the smallest mesh that shows it."""

from typing import Any

import pytest

from meshd.model.hosts import wildcards
from meshd.networking.gateways import intersection
from tests.meshd.networking.mesh_of import MESHES, changes_of, engine_of, resources_of

SHOP = (MESHES / "shop.yaml").read_text()
REVIEWS = "9080/reviews.shop.svc.cluster.local"


def with_objects(*objects: str) -> dict[str, dict[str, Any]]:
    return resources_of(engine_of("\n---\n".join((SHOP, *objects))), "shop/frontend-1")


def virtual_service(name: str, created: str, route: str, hosts: str = "[reviews]") -> str:
    return f"""
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {{name: {name}, namespace: shop, creationTimestamp: "{created}"}}
spec: {{hosts: {hosts}, http: [{route}]}}
"""


def peer_authentication(namespace: str, mode: str, selector: str = "", ports: str = "") -> str:
    return f"""
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: {{name: "{namespace}-{mode.lower()}", namespace: {namespace}}}
spec: {{mtls: {{mode: {mode}}}{selector}{ports}}}
"""


def destination_rule(namespace: str, balancer: str, host: str = "reviews.shop.svc.cluster.local") -> str:
    return f"""
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {{name: reviews, namespace: {namespace}}}
spec: {{host: "{host}", trafficPolicy: {{loadBalancer: {{simple: {balancer}}}}}}}
"""


def chain_names(resources: dict[str, dict[str, Any]]) -> list[str]:
    return [chain["name"] for chain in resources["Listener"]["virtualInbound"]["filterChains"]]


def test_the_oldest_rules_for_a_host_win() -> None:
    made = with_objects(
        virtual_service(
            "a-younger", "2024-02-01T00:00:00Z", "{name: younger, route: [{destination: {host: reviews}}]}"
        ),
        virtual_service("b-older", "2024-01-01T00:00:00Z", "{name: older, route: [{destination: {host: reviews}}]}"),
    )
    assert [route["name"] for route in made["VirtualHost"][REVIEWS]["routes"]] == ["older"]


def test_an_exact_host_wins_over_a_wildcard() -> None:
    made = with_objects(
        virtual_service(
            "wide", "2024-01-01T00:00:00Z", "{name: wide, redirect: {uri: /}}", '["*.shop.svc.cluster.local"]'
        ),
        virtual_service("exact", "2024-02-01T00:00:00Z", "{name: exact, redirect: {uri: /}}"),
    )
    assert made["VirtualHost"][REVIEWS]["routes"][0]["name"] == "exact"
    assert made["VirtualHost"]["80/frontend.shop.svc.cluster.local"]["routes"][0]["name"] == "wide"


def test_a_rule_named_like_an_alias_of_a_service_does_not_break_the_table() -> None:
    made = with_objects(virtual_service("alias", "", "{redirect: {uri: /}}", "[frontend.shop]"))
    domains = [
        domain for host in made["VirtualHost"].values() for domain in host["domains"] if host["name"][:3] == "80/"
    ]
    assert len(domains) == len(set(domains))


def test_a_host_without_a_service_is_served_on_port_80() -> None:
    made = with_objects(virtual_service("legacy", "", "{redirect: {uri: /}}", "[legacy.example.com]"))
    assert made["VirtualHost"]["80/legacy.example.com"]["domains"] == ["legacy.example.com"]


@pytest.mark.parametrize(
    ("objects", "names"),
    [
        ([], ["8080_mtls", "8080_plaintext", "0_mtls", "0_plaintext", "0_tls"]),
        ([peer_authentication("istio-system", "STRICT")], ["8080_mtls", "0_mtls"]),
        (
            [peer_authentication("istio-system", "STRICT"), peer_authentication("shop", "DISABLE")],
            ["8080_plaintext", "0_plaintext"],
        ),
        (
            [
                peer_authentication("shop", "STRICT"),
                peer_authentication(
                    "shop",
                    "UNSET",
                    ", selector: {matchLabels: {app: frontend}}",
                    ', portLevelMtls: {"8080": {mode: DISABLE}}',
                ),
            ],
            ["8080_plaintext", "0_mtls"],
        ),
    ],
)
def test_the_narrowest_peer_authentication_decides(objects: list[str], names: list[str]) -> None:
    assert chain_names(with_objects(*objects))[2:] == names


def test_connections_to_the_proxys_own_ports_end_there() -> None:
    made = with_objects()
    assert chain_names(made)[:2] == ["15001_closed", "15006_closed"]
    for listener, count in (("virtualInbound", 2), ("virtualOutbound", 1)):
        for chain in made["Listener"][listener]["filterChains"][:count]:
            assert chain["filters"][0]["typedConfig"]["cluster"] == "BlackHoleCluster"


def test_endpoints_take_mutual_tls_when_they_have_a_sidecar_and_do_not_refuse_it() -> None:
    def modes(*objects: str) -> list[bool]:
        made = with_objects(*objects)["ClusterLoadAssignment"]["outbound|9080||reviews.shop.svc.cluster.local"]
        found = [endpoint["metadata"]["filterMetadata"] for endpoint in made["endpoints"][0]["lbEndpoints"]]
        return ["envoy.transport_socket_match" in metadata for metadata in found]

    assert modes() == [True, False]
    assert modes(peer_authentication("shop", "DISABLE")) == [False, False]


@pytest.mark.parametrize(
    ("objects", "expected"),
    [
        ([], "LEAST_REQUEST"),
        ([destination_rule("istio-system", "RANDOM")], "RANDOM"),
        ([destination_rule("istio-system", "RANDOM"), destination_rule("shop", "ROUND_ROBIN")], "ROUND_ROBIN"),
        ([destination_rule("shop", "ROUND_ROBIN", "*.shop.svc.cluster.local")], "ROUND_ROBIN"),
        ([destination_rule("elsewhere", "RANDOM")], "LEAST_REQUEST"),
    ],
)
def test_the_nearest_destination_rule_decides(objects: list[str], expected: str) -> None:
    cluster = with_objects(*objects)["Cluster"]["outbound|9080||reviews.shop.svc.cluster.local"]
    assert cluster.get("lbPolicy", "ROUND_ROBIN") == expected


def test_a_tls_server_without_its_secret_waits_and_others_go_on() -> None:
    rules = (MESHES / "rules.yaml").read_text()
    documents = [text for text in rules.split("---\n") if "kind: Secret" not in text]
    made = resources_of(engine_of("\n---\n".join((SHOP, *documents))), "istio-system/gateway-1")
    assert list(made["Listener"]) == ["0.0.0.0_8080"]


def test_one_changed_rule_touches_one_virtual_host() -> None:
    engine = engine_of(SHOP)
    resources_of(engine, "shop/frontend-1")
    text = virtual_service("reviews", "", "{timeout: 1s, route: [{destination: {host: reviews}}]}")
    deltas = engine.apply(changes_of(text)).deltas
    assert {resource.name for delta in deltas for resource in delta.changed} == {REVIEWS}
    assert all(len(resource.entry) < 1024 for delta in deltas for resource in delta.changed)


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ("*", "a.com", "a.com"),
        ("*.com", "a.com", "a.com"),
        ("a.com", "*.com", "a.com"),
        ("*.a.com", "*.com", "*.a.com"),
        ("a.com", "b.com", None),
        ("*.a.com", "a.com", None),
    ],
)
def test_hosts_of_server_and_rule_meet_in_the_narrower(first: str, second: str, expected: str | None) -> None:
    assert intersection(first, second) == expected


def test_wildcards_go_from_narrow_to_wide() -> None:
    assert wildcards("a.b.c") == ("a.b.c", "*.b.c", "*.c", "*")
    assert wildcards("*.b.c") == ("*.b.c", "*.c", "*")


def authorization(rules: str, action: str = "ALLOW", extra: str = "") -> str:
    return f"""
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {{name: policy, namespace: shop}}
spec: {{action: {action}{extra}, rules: {rules}}}
"""


def rbac_of(policy: str) -> list[dict[str, Any]]:
    """The RBAC rules of the frontend's HTTP port under mutual TLS."""
    chains = with_objects(policy)["Listener"]["virtualInbound"]["filterChains"]
    chain = next(chain for chain in chains if chain["name"] == "8080_mtls")
    filters = chain["filters"][0]["typedConfig"]["httpFilters"]
    return [f["typedConfig"]["rules"] for f in filters if f["name"] == "envoy.filters.http.rbac"]


def test_an_allow_policy_without_rules_lets_nobody_in() -> None:
    assert rbac_of(authorization("[]")) == [{}]


def test_trust_domains_and_path_templates_are_matched() -> None:
    rule = "[{from: [{source: {notTrustDomains: [other]}}], to: [{operation: {paths: ['/a/{*}/b/{**}']}}]}]"
    [rules] = rbac_of(authorization(rule))
    [policy] = rules["policies"].values()
    assert (
        policy["principals"][0]["notId"]["authenticated"]["principalName"]["safeRegex"]["regex"] == "spiffe://other/.*"
    )
    assert policy["permissions"][0]["uriTemplate"]["typedConfig"]["pathTemplate"] == "/a/*/b/**"


def test_a_delegating_route_does_not_break_its_virtual_host() -> None:
    made = with_objects(virtual_service("root", "", "{delegate: {name: other}}, {name: own, redirect: {uri: /}}"))
    assert [route["name"] for route in made["VirtualHost"][REVIEWS]["routes"]] == ["own"]
