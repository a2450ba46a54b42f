"""What a check found: counted, so that the last line of a run can add everything up."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Result:
    """One check or suite. `passed_count` and `failed_count` are tests, or 1 and 0 for a check without any."""

    name: str
    passed_count: int
    failed_count: int
    detail: str = ""

    @property
    def passed(self) -> bool:
        """Whether nothing in it failed."""
        return self.failed_count == 0


def single(name: str, passed: bool, detail: str = "") -> Result:
    """Result of a check that counts as one."""
    return Result(name, int(passed), int(not passed), detail)


def from_junit(name: str, report: Path) -> Result:
    """Counts from a JUnit file; a run that wrote none failed as a whole."""
    try:
        suites = list(ElementTree.parse(report).getroot().iter("testsuite"))
    except (OSError, ElementTree.ParseError):
        return single(name, False, "did not run to its end")
    total, failures, errors, skipped = (
        sum(int(suite.get(key, "0")) for suite in suites) for key in ("tests", "failures", "errors", "skipped")
    )
    failed = failures + errors
    detail = f"{total - failed - skipped} of {total} tests passed" + (f", {skipped} skipped" if skipped else "")
    return Result(name, max(total - failed - skipped, 0), failed, detail)


def total_line(results: Iterable[Result]) -> str:
    """`N passed, N failed` over all of them."""
    known = list(results)
    return f"{sum(r.passed_count for r in known)} passed, {sum(r.failed_count for r in known)} failed"
