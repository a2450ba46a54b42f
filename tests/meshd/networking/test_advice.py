"""What the author of an object is told that is right by itself but has no effect."""

import pytest

from meshd.networking.advice import advice
from tests.meshd.networking.mesh_of import MESHES, changes_of, engine_of

SHOP = (MESHES / "shop.yaml").read_text()
RULES = (MESHES / "rules.yaml").read_text()


def object_of(kind: str, spec: str) -> str:
    group = "security" if kind == "AuthorizationPolicy" else "networking"
    return f"""
apiVersion: {group}.istio.io/v1
kind: {kind}
metadata: {{name: it, namespace: shop}}
spec: {spec}
"""


@pytest.mark.parametrize(
    ("kind", "spec", "expected"),
    [
        (
            "VirtualService",
            "{hosts: [reviews], http: [{route: [{destination: {host: nobody}}]}]}",
            ["there is no service nobody.shop.svc.cluster.local yet: until it comes, what was in force before stays"],
        ),
        (
            "VirtualService",
            "{hosts: [reviews], http: [{route: [{destination: {host: reviews, subset: v9, port: {number: 1}}}]}]}",
            [
                "service reviews.shop.svc.cluster.local has no port 1; it has 9080",
                "no DestinationRule defines subset v9 of reviews.shop.svc.cluster.local yet:"
                " until it comes, what was in force before stays",
            ],
        ),
        (
            "VirtualService",
            "{hosts: [a.b], gateways: [mesh, other],"
            " http: [{mirror: {host: gone}, route: [{destination: {host: reviews}}]}]}",
            [
                "there is no Gateway shop/other yet",
                "there is no service gone.shop.svc.cluster.local yet: until it comes, what was in force before stays",
            ],
        ),
        ("DestinationRule", "{host: nobody}", ["there is no service nobody.shop.svc.cluster.local yet"]),
        ("DestinationRule", "{host: api.example.com}", []),
        (
            "DestinationRule",
            "{host: reviews, subsets: [{name: all}]}",
            ["subset all has no labels: it stands for all endpoints"],
        ),
        (
            "Gateway",
            "{selector: {istio: nowhere}, servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: ['*']}]}",
            ["no pod has the labels istio=nowhere: nobody serves it"],
        ),
        ("AuthorizationPolicy", "{}", []),
        (
            "AuthorizationPolicy",
            "{action: CUSTOM, provider: {name: nobody}, rules: [{}]}",
            ["there is no extension provider nobody: until it comes, the workloads selected deny every request"],
        ),
        (
            "AuthorizationPolicy",
            "{action: CUSTOM, provider: {name: authz-grpc}, rules: [{}]}",
            [
                "there is no service authz.shop.svc.cluster.local with port 9000 for extension provider authz-grpc:"
                " until it comes, the workloads selected deny every request"
            ],
        ),
    ],
)
def test_tells_of_what_is_missing(kind: str, spec: str, expected: list[str]) -> None:
    row = changes_of(object_of(kind, spec))[-1][2]
    assert list(advice(engine_of(SHOP).store, row)) == expected


def test_says_nothing_of_rules_that_resolve() -> None:
    engine = engine_of(f"{SHOP}\n---\n{RULES}")
    assert [line for _, _, row in changes_of(RULES) for line in advice(engine.store, row)] == []
