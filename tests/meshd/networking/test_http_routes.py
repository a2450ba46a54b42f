"""Rules for HTTP that are easy to get wrong, as the routes that Envoy is given."""

from typing import Any

import pytest

from meshd.networking.routes.match import takes_all
from tests.meshd.networking.mesh_of import MESHES, engine_of, resources_of

SHOP = (MESHES / "shop.yaml").read_text()
GATEWAY = """
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: edge, namespace: shop}
spec:
  selector: {istio: ingressgateway}
  servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: ["*"]}]
"""


def rules(http: str, name: str = "reviews", hosts: str = "[reviews]", **more: str) -> str:
    extra = "".join(f"\n  {key}: {value}" for key, value in more.items())
    return f"""
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {{name: {name}, namespace: shop, creationTimestamp: "2024-01-01T00:00:0{len(name) % 10}Z"}}
spec:
  hosts: {hosts}{extra}
  http: {http}
"""


def routes(*objects: str, host: str = "9080/reviews.shop.svc.cluster.local", at: str = "shop/frontend-1") -> Any:
    made = resources_of(engine_of("\n---\n".join((SHOP, *objects))), at)
    return made["VirtualHost"][host].get("routes", [])


def names(found: list[dict[str, Any]]) -> list[str]:
    return [route["name"] for route in found]


TO_REVIEWS = "route: [{destination: {host: reviews}}]"


def test_what_is_behind_a_route_for_everything_is_left_out() -> None:
    found = routes(
        rules(f"[{{name: all, {TO_REVIEWS}}}, {{name: never, match: [{{uri: {{exact: /a}}}}], {TO_REVIEWS}}}]")
    )
    assert names(found) == ["all"]


def test_at_a_gateway_an_objects_hidden_routes_stay_hidden_behind_another_objects() -> None:
    gateway = {"hosts": "[a.example]", "gateways": "[edge]"}
    first = rules(
        f"[{{name: all, {TO_REVIEWS}}}, {{name: never, match: [{{uri: {{exact: /n}}}}], {TO_REVIEWS}}}]", "v", **gateway
    )
    second = rules(f"[{{name: some, match: [{{uri: {{exact: /s}}}}], {TO_REVIEWS}}}]", "vv", **gateway)
    found = routes(GATEWAY, first, second, host="http.80/a.example", at="istio-system/gateway-1")
    assert names(found) == ["some", "all"]


def test_rules_with_nothing_for_a_client_leave_the_host_to_the_next_ones() -> None:
    elsewhere = rules(f"[{{name: one, match: [{{sourceNamespace: bank}}], {TO_REVIEWS}}}]", "v")
    assert names(routes(elsewhere)) == ["default"]
    other = rules(f"[{{name: two, {TO_REVIEWS}}}]", "vv")
    assert names(routes(elsewhere, other)) == ["two"]


def test_rules_for_another_port_leave_the_service_as_it_is() -> None:
    assert names(routes(rules(f"[{{name: one, match: [{{port: 81}}], {TO_REVIEWS}}}]"))) == ["default"]


def test_a_matchs_name_follows_the_routes() -> None:
    found = routes(rules(f"[{{name: a, match: [{{name: b, uri: {{exact: /}}, statPrefix: s}}], {TO_REVIEWS}}}]"))
    assert names(found) == ["a.b"]
    assert found[0]["statPrefix"] == "s"


def test_a_single_destinations_headers_come_after_the_rules() -> None:
    destination = "{destination: {host: reviews}, headers: {request: {set: {x: destination, host: b}}}}"
    [route] = routes(rules(f"[{{headers: {{request: {{set: {{x: rule}}}}}}, route: [{destination}]}}]"))
    assert [option["header"]["value"] for option in route["requestHeadersToAdd"]] == ["rule", "destination"]
    assert route["route"]["hostRewriteLiteral"] == "b"


def test_the_rules_host_goes_before_its_single_destinations() -> None:
    destination = "{destination: {host: reviews}, headers: {request: {set: {host: b}}}}"
    [route] = routes(rules(f"[{{headers: {{request: {{add: {{Host: a}}}}}}, route: [{destination}]}}]"))
    assert route["route"]["hostRewriteLiteral"] == "a"
    assert "requestHeadersToAdd" not in route


@pytest.mark.parametrize("action", ["redirect: {uri: /b}", "directResponse: {status: 204}"])
def test_answers_of_the_proxy_itself_carry_the_rules_headers(action: str) -> None:
    [route] = routes(rules(f"[{{{action}, headers: {{response: {{set: {{x: y}}}}}}}}]"))
    assert route["responseHeadersToAdd"][0]["header"] == {"key": "x", "value": "y"}


@pytest.mark.parametrize(
    ("redirect", "port"),
    [
        ("{authority: a, port: 8080}", 8080),
        ("{authority: a, port: 80}", None),
        ("{authority: a, scheme: https, port: 443}", None),
        ("{authority: a, scheme: https, port: 80}", 80),
        ("{authority: a, port: 443}", 443),
        ("{authority: a, derivePort: FROM_REQUEST_PORT}", 9080),
        ("{authority: a, derivePort: FROM_PROTOCOL_DEFAULT}", None),
    ],
)
def test_a_redirect_writes_no_port_that_is_the_schemes_own(redirect: str, port: int | None) -> None:
    [route] = routes(rules(f"[{{redirect: {redirect}}}]"))
    assert route["redirect"].get("portRedirect") == port


def test_a_mirror_of_nothing_is_none_and_copies_keep_their_host() -> None:
    mirrors = "[{destination: {host: reviews}, percentage: {value: 0}}, {destination: {host: frontend}}]"
    [route] = routes(rules(f"[{{{TO_REVIEWS}, mirrors: {mirrors}}}]"))
    [mirror] = route["route"]["requestMirrorPolicies"]
    assert mirror["cluster"] == "outbound|80||frontend.shop.svc.cluster.local"
    assert mirror["disableShadowHostSuffixAppend"]


def test_the_older_list_of_origins_counts_only_alone() -> None:
    def origins(cors: str) -> list[dict[str, str]]:
        [route] = routes(rules(f"[{{{TO_REVIEWS}, corsPolicy: {cors}}}]"))
        found: list[dict[str, str]] = route["typedPerFilterConfig"]["envoy.filters.http.cors"]["allowOriginStringMatch"]
        return found

    assert origins("{allowOrigin: [old]}") == [{"exact": "old"}]
    assert origins("{allowOrigin: [old], allowOrigins: [{prefix: new}]}") == [{"prefix": "new"}]


@pytest.mark.parametrize(
    ("match", "all_of_them"),
    [
        ({"prefix": "/"}, True),
        ({"prefix": "/", "case_sensitive": False}, True),
        ({"safe_regex": {"regex": ".*"}}, True),
        ({"prefix": "/a"}, False),
        ({"prefix": "/", "headers": [{"name": "x"}]}, False),
        ({"prefix": "/", "query_parameters": [{"name": "x"}]}, False),
    ],
)
def test_what_takes_every_request(match: dict[str, Any], all_of_them: bool) -> None:
    assert takes_all(match) is all_of_them
