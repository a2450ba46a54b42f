"""The proof: the conformance and acceptance suites, and load through the addresses that people use."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path

from commands import pulumi
from commands.environment import kubeconfig_file
from commands.results import Result, single
from commands.session import Session
from commands.suite import pytest_suite, reports_dir, run_child
from toolchain.aside import aside

SMOKE_LOAD_SECONDS = 20
THRESHOLDS = "thresholds.json"


def smoke(session: Session) -> list[Result]:
    """The short proof after `up`: half a minute, for tests and load run side by side."""
    loaded: list[Result] = []

    def put_under_load() -> None:
        loaded.extend(load(session, f"Load for {SMOKE_LOAD_SECONDS} s", SMOKE_LOAD_SECONDS, "browse"))

    with aside(put_under_load):
        tests = conformance(session, "Smoke tests", ["-m", "smoke"])
    return [tests, *loaded]


def conformance(session: Session, name: str, selection: Sequence[str]) -> Result:
    """Part of the conformance suite, chosen by pytest's own options."""
    return pytest_suite(name, ["conformance", *mesh_options(session), *selection], session.environment)


def acceptance(session: Session) -> Result:
    """What this mesh promises beyond its API."""
    known = pulumi.outputs(session.environment)
    options = {
        "kubeconfig": str(kubeconfig_file()),
        "image": known["testImage"],
        "trust-domain": session.settings.trust_domain,
    }
    words = [f"--mesh-{name}={value}" for name, value in options.items()]
    return pytest_suite("Acceptance", ["acceptance", *words], session.environment)


def mesh_options(session: Session) -> list[str]:
    """What the suite has to know of this mesh."""
    known = pulumi.outputs(session.environment)
    options = {
        "kubeconfig": str(kubeconfig_file()),
        "gateway-url": known["gatewayUrl"],
        "gateway-https": str(known["gatewayHttpsUrl"]).removeprefix("https://"),
        "prometheus-url": known["prometheusUrl"],
        "zipkin-url": known["zipkinUrl"],
        "image": known["testImage"],
        "control-plane": "istio-system/meshd",
        "trust-domain": session.settings.trust_domain,
        "rotate-command": f"{sys.executable} -m commands rotate",
    }
    return [f"--mesh-{name}={value}" for name, value in options.items()]


def load(session: Session, name: str, seconds: int, scenarios: str = "browse,canary,retries") -> list[Result]:
    """Load through the gateway for `seconds`: one result for each threshold."""
    known = pulumi.outputs(session.environment)
    report = reports_dir() / "load"
    options = {
        "host": known["gatewayUrl"],
        "run-time": f"{seconds}s",
        "scenarios": scenarios,
        "kubeconfig": str(kubeconfig_file()),
        "out": str(report),
    }
    (report / THRESHOLDS).unlink(missing_ok=True)
    words = [sys.executable, "-m", "loadtests", *(f"--{key}={value}" for key, value in options.items())]
    code, lines = run_child(name, words, session.environment)
    return thresholds(report / THRESHOLDS) or [single(name, code == 0, lines[-1] if lines else "")]


def thresholds(file: Path) -> list[Result]:
    """Results in the file that the load tests leave; none when they left none."""
    try:
        found = json.loads(file.read_text())
    except (OSError, ValueError):
        return []
    results = []
    for threshold in found:
        *name, text = str(threshold["text"]).split(": ", 2)
        results.append(single(f"Load: {', '.join(name)}", bool(threshold["holds"]), text))
    return results
