"""Roots and delegates come, change and go in any order; the result is that of all of them at once."""

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from meshd.model.delegation import Delegation
from meshd.model.hold import Hold
from meshd.model.reference import ObjectRef
from meshd.model.route import (
    DirectResponse,
    HttpMatch,
    HttpRoute,
    MatchKind,
    Redirect,
    RouteRules,
    StringMatch,
)
from meshd.model.store import Store
from meshd.model.tables import DELEGATES, ROUTE_RULES, SERVICES, Change

HOST = "reviews.shop.svc.cluster.local"


def prefix(value: str) -> tuple[HttpMatch, ...]:
    return (HttpMatch(uri=StringMatch(MatchKind.PREFIX, value)),)


def root(*delegates: str, name: str = "root", created: str = "") -> RouteRules:
    routes = [HttpRoute(name=key, matches=prefix(f"/{key[-1]}"), delegate=key) for key in delegates]
    routes.append(HttpRoute(name="own", redirect=Redirect("/")))
    return RouteRules(ObjectRef("VirtualService", "shop", name), (HOST,), http=tuple(routes), created=created)


def delegate(key: str, status: int = 200, uri: str = "", export_to: tuple[str, ...] = ("*",)) -> RouteRules:
    namespace, _, name = key.partition("/")
    route = HttpRoute(name="d", matches=prefix(uri) if uri else (), direct_response=DirectResponse(status))
    return RouteRules(ObjectRef("VirtualService", namespace, name), (), http=(route,), export_to=export_to)


def offer(rules: RouteRules) -> Change:
    return ROUTE_RULES, rules.ref.key, rules


def names(rules: RouteRules | None) -> list[str]:
    assert rules is not None
    return [route.name for route in rules.http]


def complete(*rules: RouteRules, key: str = "shop/root") -> RouteRules | None:
    store = Store()
    store.apply(Delegation().admit([offer(each) for each in rules]))
    return store.get(ROUTE_RULES, key)


def test_a_roots_route_is_replaced_by_its_delegates_routes() -> None:
    found = complete(root("shop/a"), delegate("shop/a", uri="/a/b"))
    assert names(found) == ["shop/a-d", "own"]
    assert found
    assert found.http[0].matches == prefix("/a/b")
    assert found.missing == ()


def test_a_route_that_reaches_beyond_its_root_is_left_out() -> None:
    assert names(complete(root("shop/a"), delegate("shop/a", uri="/b"))) == ["own"]


def test_a_missing_delegate_is_said_and_the_rest_stays() -> None:
    found = complete(root("shop/a", "shop/b"), delegate("shop/b"))
    assert names(found) == ["shop/b-d", "own"]
    assert found
    assert found.missing == ("delegate VirtualService shop/a",)


def test_a_delegate_is_there_only_for_namespaces_that_may_see_it() -> None:
    assert names(complete(root("bank/a"), delegate("bank/a", export_to=("shop",)))) == ["bank/a-d", "own"]
    hidden = complete(root("bank/a"), delegate("bank/a", export_to=(".",)))
    assert names(hidden) == ["own"]
    assert hidden
    assert hidden.missing == ("delegate VirtualService bank/a, which is not exported to shop",)


def test_a_delegate_without_roots_is_in_force_nowhere() -> None:
    assert complete(delegate("shop/a"), key="shop/a") is None


def test_a_changed_delegate_touches_its_roots_alone() -> None:
    delegation = Delegation()
    delegation.admit([offer(r) for r in (root("shop/a"), root("shop/b", name="other"), delegate("shop/a"))])
    changed = delegation.admit([offer(delegate("shop/a", 404))])
    assert [key for table, key, value in changed if table is ROUTE_RULES and value] == ["shop/root"]


def test_other_rules_pass_through_as_they_are() -> None:
    plain = offer(root(name="plain"))
    other: Change = (SERVICES, "shop/reviews", None)
    assert Delegation().admit([plain, other]) == [plain, other]


def test_a_root_waits_for_its_delegate_with_what_was_in_force() -> None:
    delegation, hold, store = Delegation(), Hold(), Store()

    def take(*changes: Change) -> list[str]:
        store.apply(hold.admit(delegation.admit(changes)))
        return names(store.get(ROUTE_RULES, "shop/root"))

    assert take(offer(root())) == ["own"]
    assert take(offer(root("shop/a"))) == ["own"]
    assert [hold.missing(rules) for rules in hold.waiting] == [("delegate VirtualService shop/a",)]
    assert take(offer(delegate("shop/a"))) == ["shop/a-d", "own"]
    assert take((ROUTE_RULES, "shop/a", None)) == ["shop/a-d", "own"], "it waits again, and nothing is lost"
    assert take(offer(root())) == ["own"]


KEYS = ("shop/a", "shop/b", "shop/c")
rows = st.one_of(
    st.none(),
    st.lists(st.sampled_from(KEYS), max_size=2).map(lambda keys: root(*keys)),
    st.integers(200, 203).map(lambda status: delegate("shop/x", status)),
)
steps = st.lists(st.lists(st.tuples(st.sampled_from((*KEYS, "shop/r")), rows), min_size=1, max_size=4), max_size=8)


def named(key: str, rules: RouteRules | None) -> Change:
    """The same object under another name: objects may turn from roots to delegates and back."""
    if rules is None:
        return ROUTE_RULES, key, None
    return ROUTE_RULES, key, replace(rules, ref=ObjectRef("VirtualService", *key.split("/")))


@settings(deadline=None)
@given(steps)
def test_any_order_gives_what_all_at_once_gives(sequence: list[list[tuple[str, RouteRules | None]]]) -> None:
    delegation, store = Delegation(), Store()
    state: dict[str, Change] = {}
    for step in sequence:
        batch = [named(key, rules) for key, rules in step]
        state.update({change[1]: change for change in batch})
        store.apply(delegation.admit(batch))
    fresh = Store()
    fresh.apply(Delegation().admit(state.values()))
    for table in (ROUTE_RULES, DELEGATES):
        assert store.all(table) == fresh.all(table)
