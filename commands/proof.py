"""The proof: the conformance suite and load, both through the addresses that people use."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from commands import pulumi
from commands.environment import kubeconfig_file
from commands.results import Result, single
from commands.session import Session
from commands.suite import pytest_suite, reports_dir, run_child
from toolchain.paths import repo_root

SMOKE_LOAD_SECONDS = 20


def smoke(session: Session) -> list[Result]:
    """The short proof after `up`: under a minute."""
    return [
        conformance(session, "Smoke tests", ["-m", "smoke"]),
        load(session, f"Load for {SMOKE_LOAD_SECONDS} s", SMOKE_LOAD_SECONDS),
    ]


def conformance(session: Session, name: str, selection: Sequence[str]) -> Result:
    """Part of the conformance suite, chosen by pytest's own options."""
    return pytest_suite(name, ["conformance", *mesh_options(session), *selection], session.environment)


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
    }
    return [f"--mesh-{name}={value}" for name, value in options.items()]


def load(session: Session, name: str, seconds: int) -> Result:
    """Steady load on the shop; its thresholds decide."""
    known: dict[str, Any] = pulumi.outputs(session.environment)
    report = reports_dir() / "load"
    report.mkdir(exist_ok=True)
    words = [sys.executable, "-m", "loadtests", "--duration", str(seconds), "--host", known["shopUrl"]]
    code, lines = run_child(name, [*words, "--report", str(report)], session.environment)
    return single(name, code == 0, lines[-1] if lines else "")


def exists(suite: str) -> bool:
    """Whether this checkout has that suite."""
    return Path(repo_root(), suite).is_dir()


def seeded_faults(session: Session) -> Result:
    """The suite must go red when the mesh is bent behind its back."""
    return conformance(session, "Seeded faults", ["-m", "seeded_fault"])
