"""The proof: the conformance suite and load, both through the addresses that people use."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from commands import pulumi
from commands.environment import kubeconfig_file
from commands.results import Result, single
from commands.session import Session
from commands.suite import pytest_suite, reports_dir, run_child

SMOKE_LOAD_SECONDS = 20


def smoke(session: Session) -> list[Result]:
    """The short proof after `up`: under a minute."""
    return [
        conformance(session, "Smoke tests", ["-m", "smoke"]),
        load(session, f"Load for {SMOKE_LOAD_SECONDS} s", SMOKE_LOAD_SECONDS, "browse"),
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


def load(session: Session, name: str, seconds: int, scenarios: str = "browse,canary,retries") -> Result:
    """Load through the gateway for `seconds`; its thresholds decide."""
    known = pulumi.outputs(session.environment)
    options = {
        "host": known["gatewayUrl"],
        "run-time": f"{seconds}s",
        "scenarios": scenarios,
        "kubeconfig": str(kubeconfig_file()),
        "out": str(reports_dir() / "load"),
    }
    words = [sys.executable, "-m", "loadtests", *(f"--{key}={value}" for key, value in options.items())]
    code, lines = run_child(name, words, session.environment)
    return single(name, code == 0, next((line.strip() for line in reversed(lines) if line.strip()), ""))
