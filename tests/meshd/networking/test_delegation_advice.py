"""What authors of roots and delegates are told."""

from meshd.model.delegation import Delegation
from meshd.model.tables import ROUTE_RULES
from meshd.networking.advice import advice
from meshd.networking.engine import Engine
from tests.meshd.networking.mesh_of import MESHES, changes_of, engine_of, messages_of

SHOP = (MESHES / "shop.yaml").read_text()
ROOT = """
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: root, namespace: shop}
spec: {hosts: [reviews], http: [{match: [{uri: {prefix: /a}}], delegate: {name: leaf}}]}
"""


def leaf(uri: str = "/a", export: str = '["*"]') -> str:
    return f"""
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {{name: leaf, namespace: shop}}
spec:
  exportTo: {export}
  http: [{{match: [{{uri: {{prefix: {uri}}}}}], route: [{{destination: {{host: reviews}}}}]}}]
"""


def told(text: str, *known: str) -> tuple[str, ...]:
    [row] = [value for table, _, value in changes_of(text) if table is ROUTE_RULES]
    return advice(engine_of("\n---\n".join((SHOP, *known))).store, row)


def test_a_root_is_told_of_a_delegate_that_is_not_there() -> None:
    assert told(ROOT) == (
        "there is no delegate VirtualService shop/leaf yet: until it is, what was in force before stays",
    )
    assert told(ROOT, leaf()) == ()
    assert told(ROOT, leaf(export="[bank]")) == (
        "delegate VirtualService shop/leaf is not exported to shop: until it is, what was in force before stays",
    )


def test_a_delegate_is_told_that_nobody_needs_it() -> None:
    assert told(leaf()) == ("it has no hosts, and nothing delegates to it yet",)
    assert told(leaf(), ROOT) == ()


def test_both_are_told_of_routes_that_are_left_out() -> None:
    expected = (
        "route http[0] of VirtualService shop/leaf matches beyond what VirtualService shop/root delegates,"
        " and is left out",
    )
    assert told(ROOT, leaf("/b")) == told(leaf("/b"), ROOT) == expected


def test_a_changed_delegate_alters_its_roots_host_and_nothing_else() -> None:
    engine, delegation = engine_of(SHOP), Delegation()
    messages_of(engine, "shop/frontend-1", "x")

    def altered(engine: Engine, text: str) -> set[str]:
        deltas = engine.apply(delegation.admit(changes_of(text))).deltas
        return {resource.name for delta in deltas for resource in delta.changed}

    altered(engine, f"{ROOT}\n---\n{leaf()}")
    assert altered(engine, leaf("/a/b")) == {"9080/reviews.shop.svc.cluster.local"}
