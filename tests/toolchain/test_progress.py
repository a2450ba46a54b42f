from __future__ import annotations

import time

import pytest

from toolchain import progress
from toolchain.progress import note, step


def test_prints_nested_steps_as_indented_lines_off_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    with step("outer"), step("inner"):
        note("a remark")
    lines = capsys.readouterr().err.splitlines()
    assert lines[:3] == ["… outer", "  … inner", "    a remark"]
    assert lines[3].startswith("  ✓ inner (")
    assert lines[4].startswith("✓ outer (")


def test_marks_a_failed_step_and_lets_the_error_pass(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ValueError, match="broken"), step("outer"):
        raise ValueError("broken")
    assert capsys.readouterr().err.splitlines()[-1].startswith("✗ outer (")


def test_prints_nothing_on_stdout(capsys: pytest.CaptureFixture[str]) -> None:
    with step("outer"):
        pass
    assert capsys.readouterr().out == ""


def test_tells_what_a_long_step_is_doing(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "HEARTBEAT_SECONDS", 0.05)
    with step("build") as build:
        build.update("12 of 40 packages")
        time.sleep(0.2)
    assert "… build: 12 of 40 packages (0 s)" in capsys.readouterr().err.splitlines()


def test_draws_one_live_line_on_a_terminal(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "_on_terminal", lambda: True)
    with step("outer"), step("inner"):
        pass
    shown = capsys.readouterr().err
    assert "\r\x1b[K… outer (0 s) > inner (0 s)" in shown
    assert shown.endswith("✓ outer (0.0 s)\n")
