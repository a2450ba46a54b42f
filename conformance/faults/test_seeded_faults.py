"""Judges the judge: with a fault seeded behind its back the suite must go red, and for the right reason.

Each check runs a part of the suite once more, as a process of its own on the same backends, with objects exchanged
(--mesh-sabotage) on their way to the cluster.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from conformance.backends import Backends
from conformance.settings import Settings
from conformance.timeouts import TIMEOUTS

pytestmark = pytest.mark.seeded_faults
HERE = Path(__file__).parent
SUITE = HERE.parent
PATIENCE = "0.25"
"""What never comes need not be waited for as long as what may be slow."""

FAULTS = [
    pytest.param(
        "split-80-20.yaml",
        "canary/test_canary.py::test_split_between_services[90]",
        r"\d+ of 5000 refused as a 90% split",
        id="split-80-20",
    ),
    pytest.param(
        "mtls-disable.yaml",
        "mtls/test_mtls.py::test_strict_refuses_plaintext_from_outside_and_serves_the_mesh",
        r"plaintext refused \(STRICT\) not within .* 200 from v1",
        id="mtls-disable",
    ),
    pytest.param(
        "open-door.yaml",
        "authorization/test_authorization.py::test_allow_by_principal",
        r"403 for another service account not within .* 200 from v1",
        id="open-door",
    ),
]


def forwarded_options(settings: Settings) -> list[str]:
    """The options that lead a nested run to the same mesh and the same backends."""
    told = {
        "--mesh-kubeconfig": settings.kubeconfig,
        "--mesh-context": settings.context,
        "--mesh-kubectl": settings.kubectl,
        "--mesh-gateway-url": settings.gateway_url,
        "--mesh-gateway-selector": settings.gateway_selector,
        "--mesh-gateway-namespace": settings.gateway_namespace,
        "--mesh-image": settings.image,
        "--mesh-trust-domain": settings.trust_domain,
        "--mesh-injection-label": settings.injection_label,
        "--mesh-run-id": settings.run_id,
    }
    return [f"{name}={value}" for name, value in told.items() if value is not None]


def run_with_fault(settings: Settings, fault: str, test: str, report: Path) -> tuple[int, dict[str, Any]]:
    """Run one test of the suite with `fault`; pytest's exit status and the report."""
    command = [
        sys.executable, "-m", "pytest", "-q", "-c", str(SUITE / "pytest.ini"), f"{SUITE}/{test}",
        f"--mesh-sabotage={HERE / fault}", f"--mesh-report={report}", *forwarded_options(settings),
    ]  # fmt: skip
    finished = subprocess.run(
        command,
        cwd=SUITE.parent,
        env={**os.environ, "MESH_PATIENCE": PATIENCE},
        capture_output=True,
        text=True,
        timeout=TIMEOUTS.seeded_fault_run,
        check=False,
    )
    written = report / "report.json"
    assert written.is_file(), f"the nested run left no report: {finished.stdout[-1000:]}{finished.stderr[-1000:]}"
    content: dict[str, Any] = json.loads(written.read_text())
    return finished.returncode, content


@pytest.mark.parametrize(("fault", "test", "reason"), FAULTS)
def test_the_suite_goes_red(
    settings: Settings, backends: Backends, tmp_path: Path, fault: str, test: str, reason: str
) -> None:
    if settings.kubeconfig is None:
        pytest.skip("a nested run needs --mesh-kubeconfig")
    status, report = run_with_fault(settings, fault, test, tmp_path)
    assert report["verdict"] == "failed", f"the suite did not notice {fault}"
    assert status == int(pytest.ExitCode.TESTS_FAILED)
    (result,) = report["tests"]
    assert result["outcome"] == "failed", result
    assert re.search(reason, result["reason"], re.DOTALL), f"red, but not for the fault: {result['reason']}"
