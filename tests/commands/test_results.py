"""Counting: nothing that failed or never ran may look passed."""

from __future__ import annotations

from pathlib import Path

from commands.proof import thresholds
from commands.results import Result, from_junit, single, total_line
from commands.summary import table

JUNIT = '<testsuites><testsuite tests="9" failures="1" errors="1" skipped="2"></testsuite></testsuites>'


def test_a_junit_file_is_counted(tmp_path: Path) -> None:
    report = tmp_path / "report.xml"
    report.write_text(JUNIT)
    result = from_junit("Suite", report)
    assert (result.passed_count, result.failed_count) == (5, 2)
    assert result.detail == "5 of 9 tests passed, 2 skipped"


def test_a_suite_without_a_report_has_failed(tmp_path: Path) -> None:
    assert not from_junit("Suite", tmp_path / "none.xml").passed
    (tmp_path / "half.xml").write_text("<testsuites>")
    assert not from_junit("Suite", tmp_path / "half.xml").passed


def test_the_last_line_adds_everything_up() -> None:
    assert total_line([Result("a", 5, 2), single("b", True), single("c", False)]) == "6 passed, 3 failed"


def test_the_table_says_what_failed_and_where_the_pages_are() -> None:
    text = table([single("Lint", True), single("Types", False, "3 errors")], {"shop": "http://127.0.0.1:8080"}, 12.4)
    assert "✗ Types  3 errors" in text
    assert "  shop   http://127.0.0.1:8080" in text
    assert "mesh is up, but not as it should be (12 s)" in text


def test_each_threshold_of_the_load_is_a_result(tmp_path: Path) -> None:
    file = tmp_path / "thresholds.json"
    file.write_text('[{"holds": false, "text": "browse: front page: 119 requests, 0 failed, p95 89 ms"}]')
    assert thresholds(file) == [single("Load: browse, front page", False, "119 requests, 0 failed, p95 89 ms")]
    assert thresholds(tmp_path / "none.json") == []
