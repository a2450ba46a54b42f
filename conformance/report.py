"""What a run found: one JSON file for machines, a few lines for people, with the numbers that were measured."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import pytest

from conformance.features import FEATURES, feature_of

MEASUREMENT = "measured: "
"""Prefix of the user properties (also in --junitxml) that hold measurements."""


@dataclass
class Result:
    """One test: passed, failed, error (its set-up or clean-up broke) or skipped, with the reason."""

    test: str
    feature: str
    outcome: str
    seconds: float
    reason: str = ""
    measured: dict[str, Any] = field(default_factory=dict)


def worse(first: str, second: str) -> str:
    """The worse of two outcomes."""
    order = ("passed", "skipped", "failed", "error")
    return max(first, second, key=order.index)


def by_feature(results: Sequence[Result]) -> dict[str, dict[str, int]]:
    """Outcomes counted by feature, features in the table's order."""
    counted: dict[str, Counter[str]] = {}
    for result in results:
        counted.setdefault(result.feature, Counter())[result.outcome] += 1
    return {feature: dict(counted[feature]) for feature in FEATURES if feature in counted}


def verdict(results: Sequence[Result]) -> str:
    """failed if anything failed, passed if anything passed and nothing failed, else nothing tested."""
    outcomes = {result.outcome for result in results}
    if outcomes & {"failed", "error"}:
        return "failed"
    return "passed" if "passed" in outcomes else "nothing tested"


def content_of(results: Sequence[Result], started: float, ended: float, mesh: Mapping[str, Any]) -> dict[str, Any]:
    """The report as JSON-ready content. Times are Unix seconds."""
    return {
        "verdict": verdict(results),
        "started": started,
        "seconds": round(ended - started, 3),
        "mesh": dict(mesh),
        "features": by_feature(results),
        "tests": [asdict(result) for result in results],
    }


def summary_of(results: Sequence[Result]) -> list[str]:
    """Lines for the terminal: a line per feature, below it what its tests measured, and skips with reasons."""
    lines: list[str] = []
    for feature, counts in by_feature(results).items():
        counted = ", ".join(f"{count} {outcome}" for outcome, count in sorted(counts.items()))
        lines.append(f"{feature:<14} {counted}")
        for result in results:
            if result.feature == feature:
                lines += [f"    {name}: {value}" for name, value in result.measured.items()]
        reasons = {r.reason for r in results if r.feature == feature and r.outcome == "skipped"}
        lines += [f"    skipped: {reason}" for reason in sorted(reasons)]
    return lines


class ReportPlugin:
    """Collects results from pytest; under xdist in the controlling process, which gets all reports."""

    def __init__(self, folder: Path | None, mesh: Mapping[str, Any]) -> None:
        self.folder = folder
        self.mesh = mesh
        self.started = time.time()
        self.results: dict[str, Result] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        outcome = "error" if report.failed and report.when != "call" else str(report.outcome)
        properties = dict(report.user_properties)
        result = self.results.setdefault(
            report.nodeid, Result(report.nodeid, str(properties.get("feature", "")), "passed", 0.0)
        )
        result.outcome = worse(result.outcome, outcome)
        result.seconds = round(result.seconds + report.duration, 3)
        for name, value in properties.items():
            if name.startswith(MEASUREMENT):
                result.measured[name.removeprefix(MEASUREMENT)] = value
        if outcome != "passed":
            result.reason = result.reason or reason_of(report)

    def pytest_sessionfinish(self) -> None:
        if self.folder is None:
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        content = content_of(list(self.results.values()), self.started, time.time(), self.mesh)
        (self.folder / "report.json").write_text(json.dumps(content, indent=2) + "\n")

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        results = list(self.results.values())
        if not results:
            return
        terminalreporter.section("mesh conformance")
        for line in summary_of(results):
            terminalreporter.write_line(line)
        terminalreporter.write_line(f"verdict: {verdict(results)}")


def reason_of(report: pytest.TestReport) -> str:
    """The reason of a skip, or the message of a failure, without its traceback."""
    if isinstance(report.longrepr, tuple):
        return str(report.longrepr[2]).removeprefix("Skipped: ")
    crash = getattr(report.longrepr, "reprcrash", None)
    return str(crash.message) if crash is not None else str(report.longrepr)


def mark_feature(item: pytest.Item) -> str:
    """A test's feature, noted where reports travel. Raises pytest.UsageError for a test without exactly one."""
    try:
        feature = feature_of(marker.name for marker in item.iter_markers())
    except ValueError as error:
        raise pytest.UsageError(f"{item.nodeid}: {error}") from error
    item.user_properties.append(("feature", feature))
    return feature
