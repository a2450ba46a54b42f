"""The whole configuration of each kind of proxy, held against golden files and shown to the real Envoy."""

import json
import subprocess
from pathlib import Path

import pytest

from tests.conftest import Golden
from tests.meshd.networking.mesh_of import MESHES, bootstrap_of, engine_of, resources_of
from toolchain import ensure

PLAIN = (MESHES / "shop.yaml").read_text()
RULES = PLAIN + "\n---\n" + (MESHES / "rules.yaml").read_text()
CASES = [
    (mesh, workload)
    for mesh in ("plain", "rules")
    for workload in ("shop/frontend-1", "shop/reviews-v1", "shop/database-1", "istio-system/gateway-1")
]


@pytest.mark.parametrize(("mesh", "workload"), CASES)
def test_configuration_is_as_recorded(mesh: str, workload: str, golden: Golden) -> None:
    engine = engine_of(PLAIN if mesh == "plain" else RULES)
    text = json.dumps(resources_of(engine, workload), indent=1, sort_keys=True) + "\n"
    golden(f"{mesh}-{workload.replace('/', '-')}.json", text)


@pytest.mark.parametrize(("mesh", "workload"), CASES)
def test_envoy_accepts_it(mesh: str, workload: str, tmp_path: Path) -> None:
    engine = engine_of(PLAIN if mesh == "plain" else RULES)
    bootstrap = tmp_path / "bootstrap.json"
    bootstrap.write_text(bootstrap_of(engine, workload))
    done = subprocess.run(
        [ensure("envoy"), "--mode", "validate", "-c", bootstrap, "-l", "warning"], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr[-3000:]
