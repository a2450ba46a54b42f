"""What each feature alters: `features/<name>.yaml` on top of the plain shop, held against goldens/features/<name>.json.

A golden holds only what differs from the plain shop, by proxy, type and name; null is what the feature takes away.
A feature may bring pods of its own: their proxies are recorded whole, all others by their differences.
"""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from meshd.model.tables import WORKLOADS
from meshd.networking.engine import Engine
from tests.conftest import Golden
from tests.meshd.networking.mesh_of import MESHES, bootstrap_of, engine_of, resources_of
from toolchain import ensure

FEATURES = sorted((Path(__file__).parent / "features").glob("*.yaml"))
PLAIN = (MESHES / "shop.yaml").read_text()
Resources = dict[str, dict[str, Any]]


def engine_with(feature: Path) -> Engine:
    return engine_of(f"{PLAIN}\n---\n{feature.read_text()}")


def in_mesh(engine: Engine) -> list[str]:
    """Pods with a proxy: sidecars, and gateways by their label."""
    return [w.key for w in engine.store.all(WORKLOADS) if w.in_mesh or "istio" in dict(w.labels)]


def differences(before: Resources, after: Resources) -> Resources:
    made: Resources = {}
    for kind in sorted({*before, *after}):
        old, new = before.get(kind, {}), after.get(kind, {})
        changed = {name: new.get(name) for name in sorted({*old, *new}) if old.get(name) != new.get(name)}
        if changed:
            made[kind] = changed
    return made


def together(made: dict[str, Resources]) -> dict[str, Resources]:
    """Proxies with the same differences in one entry, their names as its key."""
    keys: dict[str, list[str]] = {}
    for workload, found in made.items():
        keys.setdefault(json.dumps(found, sort_keys=True), []).append(workload)
    return {", ".join(workloads): made[workloads[0]] for workloads in keys.values()}


@pytest.fixture(scope="module")
def plain() -> dict[str, Resources]:
    engine = engine_of(PLAIN)
    return {workload: resources_of(engine, workload) for workload in in_mesh(engine)}


@pytest.mark.parametrize("feature", FEATURES, ids=lambda path: path.stem)
def test_configuration_differs_as_recorded(feature: Path, plain: dict[str, Resources], golden: Golden) -> None:
    engine = engine_with(feature)
    made = {key: differences(plain.get(key, {}), resources_of(engine, key)) for key in in_mesh(engine)}
    altered = together({workload: found for workload, found in made.items() if found})
    assert altered, f"{feature.name} alters nothing for any proxy"
    golden(f"features/{feature.stem}.json", json.dumps(altered, indent=1, sort_keys=True) + "\n")


@pytest.mark.parametrize("feature", FEATURES, ids=lambda path: path.stem)
def test_envoy_accepts_it(feature: Path, plain: dict[str, Resources], tmp_path: Path) -> None:
    engine = engine_with(feature)
    altered = [key for key in in_mesh(engine) if resources_of(engine, key) != plain.get(key)]
    for workload in altered:
        bootstrap = tmp_path / f"{workload.replace('/', '-')}.json"
        bootstrap.write_text(bootstrap_of(engine, workload))
        done = subprocess.run(
            [ensure("envoy"), "--mode", "validate", "-c", bootstrap, "-l", "warning"], capture_output=True, text=True
        )
        assert done.returncode == 0, f"{workload}: {done.stderr[-3000:]}"
