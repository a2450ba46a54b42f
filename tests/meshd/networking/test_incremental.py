"""Whatever changes, in whatever order: the incremental result equals a full rebuild."""

from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from meshd.model.resource import Scope
from meshd.model.store import Store
from meshd.model.tables import Change
from meshd.networking.engine import Engine, Lease
from meshd.networking.generators import GENERATORS
from tests.meshd.networking.mesh_of import MESHES, changes_of, proxy_of, resources_of

LOCALITY = Path(__file__).parent / "features" / "locality.yaml"
FILES = (MESHES / "shop.yaml", MESHES / "rules.yaml", LOCALITY)
ALL = changes_of("\n---\n".join(file.read_text() for file in FILES))
PROXIES = ("shop/frontend-1", "shop/reviews-v1", "istio-system/gateway-1")
KEPT = [change for change in ALL if change[1] in PROXIES]
LOOSE = [change for change in ALL if change[1] not in PROXIES]

steps = st.lists(
    st.lists(st.tuples(st.integers(0, len(LOOSE) - 1), st.booleans()), min_size=1, max_size=5), max_size=12
)


def keys_of(lease: Lease) -> list[Scope]:
    return [key for keys in lease.scopes.values() for key in keys]


def versions(engine: Engine, key: Scope) -> dict[str, str]:
    return {resource.name: resource.version for resource in engine.resources(key)}


def batch_of(step: list[tuple[int, bool]]) -> list[Change]:
    return [(LOOSE[i][0], LOOSE[i][1], LOOSE[i][2] if there else None) for i, there in step]


@settings(deadline=None, max_examples=60)
@given(steps)
def test_incremental_result_equals_a_full_rebuild(sequence: list[list[tuple[int, bool]]]) -> None:
    engine = Engine(Store(), GENERATORS)
    engine.apply(KEPT)
    leases = {name: engine.acquire(proxy_of(engine, name)) for name in PROXIES}
    state: dict[tuple[object, str], Change] = {}
    seen = {key: versions(engine, key) for lease in leases.values() for key in keys_of(lease)}
    for step in sequence:
        batch = batch_of(step)
        state.update({(change[0], change[1]): change for change in batch})
        done = engine.apply(batch)
        for delta in done.deltas:
            known = seen[delta.scope]
            for name in delta.removed:
                assert known.pop(name)
            for resource in delta.changed:
                assert known.get(resource.name) != resource.version
                known[resource.name] = resource.version
        for name, lease in leases.items():
            if lease.proxy in done.regrouped:
                leases[name] = engine.acquire(proxy_of(engine, name))
                engine.release(lease)
        in_use = {key for lease in leases.values() for key in keys_of(lease)}
        seen = {key: seen.get(key) or versions(engine, key) for key in in_use}
    fresh = Engine(Store(), GENERATORS)
    fresh.apply([*KEPT, *state.values()])
    for name, lease in leases.items():
        assert resources_of(engine, name) == resources_of(fresh, name)
        for key in keys_of(lease):
            assert seen[key] == versions(engine, key)


def test_nothing_is_kept_for_proxies_that_are_gone() -> None:
    engine = Engine(Store(), GENERATORS)
    engine.apply(ALL)
    acquired = [engine.acquire(proxy_of(engine, name)) for name in PROXIES]
    assert len(engine.memo) > 0
    for scopes in acquired:
        engine.release(scopes)
    assert len(engine.memo) == 0
