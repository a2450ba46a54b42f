"""A sidecar gets a Secret that a DestinationRule names for it once its service account may list Secrets."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest
from lightkube import AsyncClient

from meshd.model.gateway import KeyPair
from meshd.model.store import Store
from meshd.model.tables import DESTINATIONS, KEY_PAIRS, SECRET_READERS
from meshd.networking.advice import advice
from meshd.runtime import secret_readers
from meshd.runtime.secret_readers import SecretReaders, accounts_wanting_secrets
from tests.meshd.networking.mesh_of import MESHES, changes_of, engine_of, resources_of

SHOP = (MESHES / "shop.yaml").read_text()
RULE = """
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: sealed, namespace: shop}
spec:
  host: reviews
  workloadSelector: {matchLabels: {app: frontend}}
  trafficPolicy: {tls: {mode: MUTUAL, credentialName: sealed}}
"""
SECRET = "kubernetes://sealed"
READER = "shop/frontend"


class Reviewer:
    """An API server that gives one answer, and keeps what it was asked."""

    def __init__(self, allowed: bool) -> None:
        self.allowed = allowed
        self.asked: list[Any] = []

    async def create(self, review: Any) -> Any:
        self.asked.append(review.spec)
        return SimpleNamespace(status=SimpleNamespace(allowed=self.allowed))


def with_reader(allowed: bool | None) -> dict[str, dict[str, Any]]:
    """What the frontend's sidecar gets, with the Secret there."""
    engine = engine_of("\n---\n".join((SHOP, RULE)))
    engine.apply([(KEY_PAIRS, "shop/sealed", KeyPair("shop", "sealed", b"certificate", b"key", b"roots"))])
    if allowed is not None:
        engine.apply([(SECRET_READERS, READER, allowed)])
    return resources_of(engine, "shop/frontend-1")


def test_only_whom_a_rule_selects_wants_secrets() -> None:
    assert accounts_wanting_secrets(engine_of(SHOP).store) == set()
    assert accounts_wanting_secrets(engine_of("\n---\n".join((SHOP, RULE))).store) == {("shop", "frontend")}
    for_all = RULE.replace("workloadSelector: {matchLabels: {app: frontend}}", "")
    assert accounts_wanting_secrets(engine_of("\n---\n".join((SHOP, for_all))).store) == set()


def test_the_cluster_waits_for_the_secret_and_never_goes_without() -> None:
    cluster = with_reader(None)["Cluster"]["outbound|9080||reviews.shop.svc.cluster.local"]
    assert f"'{SECRET}'" in str(cluster["transportSocket"])


@pytest.mark.parametrize("allowed", [None, False])
def test_a_secret_is_kept_from_an_account_that_may_not_list_it(allowed: bool | None) -> None:
    assert with_reader(allowed).get("Secret", {}) == {}


def test_an_account_that_may_list_secrets_gets_what_the_rule_names_and_nobody_else() -> None:
    assert sorted(with_reader(True)["Secret"]) == [SECRET, f"{SECRET}-cacert"]
    engine = engine_of("\n---\n".join((SHOP, RULE)))
    engine.apply([(KEY_PAIRS, "shop/sealed", KeyPair("shop", "sealed", b"certificate", b"key", b"roots"))])
    engine.apply([(SECRET_READERS, "shop/reviews", True)])
    assert resources_of(engine, "shop/reviews-v1").get("Secret", {}) == {}


@pytest.mark.asyncio
async def test_the_api_server_is_asked_for_the_account_and_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    store = engine_of("\n---\n".join((SHOP, RULE))).store
    reviewer = Reviewer(allowed=False)
    readers = SecretReaders(store, store.apply, cast(AsyncClient, reviewer))
    await readers.look()
    await readers.look()
    (spec,) = reviewer.asked
    assert (spec.user, spec.resourceAttributes.verb) == ("system:serviceaccount:shop:frontend", "list")
    assert (spec.resourceAttributes.namespace, spec.resourceAttributes.resource) == ("shop", "secrets")
    assert store.get(SECRET_READERS, READER) is False
    reviewer.allowed = True
    monkeypatch.setattr(secret_readers, "AGAIN_SECONDS", 0.0)
    readers._next.clear()
    await readers.look()
    assert store.get(SECRET_READERS, READER) is True
    store.apply([(DESTINATIONS, "shop/sealed", None)])
    await readers.look()
    assert store.get(SECRET_READERS, READER) is None


@pytest.mark.asyncio
async def test_an_api_server_that_answers_nonsense_ends_nothing() -> None:
    class Broken:
        async def create(self, review: Any) -> Any:
            raise ValueError("no JSON")

    store = engine_of("\n---\n".join((SHOP, RULE))).store
    store.apply([(SECRET_READERS, READER, True)])
    await SecretReaders(store, store.apply, cast(AsyncClient, Broken())).look()
    assert store.get(SECRET_READERS, READER) is True


def test_a_rule_for_all_gives_nobody_its_secret_for_another_that_selects() -> None:
    for_all = RULE.replace("name: sealed,", "name: all,").replace(
        "workloadSelector: {matchLabels: {app: frontend}}", ""
    )
    subsets = RULE.replace("trafficPolicy: {tls: {mode: MUTUAL, credentialName: sealed}}", "subsets: [{name: v1}]")
    made = resources_of(engine_of("\n---\n".join((SHOP, for_all, subsets))), "shop/frontend-1")
    assert SECRET not in str(made["Cluster"])


def test_the_author_is_told_what_is_missing() -> None:
    store: Store = engine_of(SHOP).store
    row = changes_of(RULE)[-1][2]
    assert list(advice(store, row)) == [
        "there is no Secret shop/sealed with a key pair or roots yet",
        "service account frontend is not known to be allowed to list Secrets of shop: give it a Role, or wait",
    ]
