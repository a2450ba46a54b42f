"""Whatever changes, in whatever order: the incremental result equals a full rebuild."""

from hypothesis import given, settings
from hypothesis import strategies as st

from meshd.model.resource import TYPE_URLS
from meshd.model.store import Store
from meshd.model.tables import Change
from meshd.networking.engine import Engine
from meshd.networking.generators import GENERATORS
from tests.meshd.networking.mesh_of import MESHES, changes_of, proxy_of, resources_of

ALL = changes_of((MESHES / "shop.yaml").read_text() + "\n---\n" + (MESHES / "rules.yaml").read_text())
PROXIES = ("shop/frontend-1", "shop/reviews-v1", "istio-system/gateway-1")
KEPT = [change for change in ALL if change[1] in PROXIES]
LOOSE = [change for change in ALL if change[1] not in PROXIES]

steps = st.lists(
    st.lists(st.tuples(st.integers(0, len(LOOSE) - 1), st.booleans()), min_size=1, max_size=5), max_size=12
)


def batch_of(step: list[tuple[int, bool]]) -> list[Change]:
    return [(LOOSE[i][0], LOOSE[i][1], LOOSE[i][2] if there else None) for i, there in step]


@settings(deadline=None, max_examples=60)
@given(steps)
def test_incremental_result_equals_a_full_rebuild(sequence: list[list[tuple[int, bool]]]) -> None:
    engine = Engine(Store(), GENERATORS)
    engine.apply(KEPT)
    scopes = [engine.acquire(proxy_of(engine, name)) for name in PROXIES]
    state: dict[tuple[object, str], Change] = {}
    seen = {key: {r.name: r.version for r in engine.resources(key)} for s in scopes for v in s.values() for key in v}
    for step in sequence:
        batch = batch_of(step)
        state.update({(change[0], change[1]): change for change in batch})
        for delta in engine.apply(batch):
            known = seen[delta.scope]
            for name in delta.removed:
                assert known.pop(name)
            for resource in delta.changed:
                assert known.get(resource.name) != resource.version
                known[resource.name] = resource.version
    fresh = Engine(Store(), GENERATORS)
    fresh.apply([*KEPT, *state.values()])
    for name, acquired in zip(PROXIES, scopes, strict=True):
        assert resources_of(engine, name) == resources_of(fresh, name)
        for type_url in TYPE_URLS:
            for key in acquired.get(type_url, ()):
                assert seen[key] == {r.name: r.version for r in engine.resources(key)}


def test_nothing_is_kept_for_proxies_that_are_gone() -> None:
    engine = Engine(Store(), GENERATORS)
    engine.apply(ALL)
    acquired = [engine.acquire(proxy_of(engine, name)) for name in PROXIES]
    assert len(engine.memo) > 0
    for scopes in acquired:
        engine.release(scopes)
    assert len(engine.memo) == 0
