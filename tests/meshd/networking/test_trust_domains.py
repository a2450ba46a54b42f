"""Trust domains with several names: policies hold for identities under each of them."""

from dataclasses import replace

import pytest

from meshd.model.mesh import MeshConfig
from meshd.model.security import Condition, Rule, Source
from meshd.networking.authorization.trust_domains import with_aliases
from tests.meshd.networking.mesh_of import CONFIG, MESHES, engine_of, resources_of

MOVED = MeshConfig(trust_domain="new", trust_domain_aliases=("old", "older"))
UNMOVED = MeshConfig()
SHOP = (MESHES / "shop.yaml").read_text()


@pytest.mark.parametrize(
    ("mesh", "principal", "expected"),
    [
        (UNMOVED, "cluster.local/ns/a/sa/b", ["cluster.local/ns/a/sa/b"]),
        (MOVED, "new/ns/a/sa/b", ["new/ns/a/sa/b", "old/ns/a/sa/b", "older/ns/a/sa/b"]),
        (MOVED, "old/ns/a/sa/b", ["new/ns/a/sa/b", "old/ns/a/sa/b", "older/ns/a/sa/b"]),
        (MOVED, "cluster.local/ns/a/sa/b", ["new/ns/a/sa/b", "old/ns/a/sa/b", "older/ns/a/sa/b"]),
        (MOVED, "*er/ns/a/sa/b", ["new/ns/a/sa/b", "old/ns/a/sa/b", "*er/ns/a/sa/b"]),
        (MOVED, "foreign/ns/a/sa/b", ["foreign/ns/a/sa/b"]),
        (MOVED, "*/ns/a/sa/b", ["*/ns/a/sa/b"]),
        (MOVED, "old/ns/a/*", ["old/ns/a/*"]),
        (MOVED, "*", ["*"]),
    ],
)
def test_a_principal_counts_under_every_name_of_the_mesh(mesh: MeshConfig, principal: str, expected: list[str]) -> None:
    rule = Rule(
        sources=(Source(principals=(principal,)), Source(not_principals=(principal,))),
        conditions=(Condition("source.principal", (principal,), (principal,)),),
    )
    made = with_aliases(rule, mesh)
    assert [*made.sources[0].principals] == expected
    assert [*made.sources[1].not_principals] == expected
    assert [*made.conditions[0].values] == expected
    assert [*made.conditions[0].not_values] == expected


def test_a_trust_domain_counts_under_every_name_too() -> None:
    rule = Rule(
        sources=(Source(trust_domains=("old", "foreign"), not_trust_domains=("cluster.local",)),),
        conditions=(Condition("source.trustDomain", ("new",)), Condition("source.namespace", ("old",))),
    )
    made = with_aliases(rule, MOVED)
    assert made.sources[0].trust_domains == ("new", "old", "older", "foreign")
    assert made.sources[0].not_trust_domains == ("new", "old", "older")
    assert [condition.values for condition in made.conditions] == [("new", "old", "older"), ("old",)]


def test_servers_are_known_under_every_name() -> None:
    engine = engine_of(SHOP, replace(CONFIG, trust_domain="new", trust_domain_aliases=("old",)))
    cluster = resources_of(engine, "shop/frontend-1")["Cluster"]["outbound|9080||reviews.shop.svc.cluster.local"]
    for identity in ("spiffe://new/ns/shop/sa/reviews", "spiffe://old/ns/shop/sa/reviews"):
        assert identity in str(cluster["transportSocketMatches"])
