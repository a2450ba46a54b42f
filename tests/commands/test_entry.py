"""The entry script and the command line: one line for what goes wrong, never a traceback."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path

import pytest

import commands.__main__ as entry
from commands import control_plane, status
from toolchain.errors import UserError
from toolchain.paths import repo_root


def test_a_user_error_is_one_line_and_exit_status_1(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(_: argparse.Namespace) -> int:
        raise UserError("this is wrong: do that")

    monkeypatch.setattr(entry, "_command", lambda _: fail)
    monkeypatch.setattr("signal.signal", lambda *_: None)
    assert entry.main(["status"]) == 1
    assert capsys.readouterr().err == "mesh: this is wrong: do that\n"


def test_an_interrupt_says_how_to_go_on(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def interrupted(_: argparse.Namespace) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(entry, "_command", lambda _: interrupted)
    monkeypatch.setattr("signal.signal", lambda *_: None)
    assert entry.main(["up"]) == 130
    assert capsys.readouterr().err.strip() == "mesh: interrupted; run it again to go on from here"


def test_every_command_can_be_asked_for_help() -> None:
    for command in (
        *("up", "test", "down", "status", "proxy-status", "proxy-config", "analyze", "describe", "env", "lock"),
    ):
        with pytest.raises(SystemExit) as ended:
            entry.main([command, "--help"])
        assert ended.value.code == 0


def test_a_wrong_python_is_named_in_one_line(tmp_path: Path) -> None:
    """Run the script's own check as if this were another Python, with no python3.11 on PATH."""
    program = (repo_root() / "mesh").read_text().replace("WANTED = (3, 11)", "WANTED = (3, 1)")
    script = tmp_path / "mesh"
    script.write_text(program)
    ran = subprocess.run(
        [sys.executable, script, "up"], env={**os.environ, "PATH": str(tmp_path)}, capture_output=True, text=True
    )
    assert ran.returncode == 1
    assert ran.stderr.startswith("mesh: needs Python 3.11, found 3.")
    assert ran.stderr.count("\n") == 1


PROXY = {"namespace": "shop", "pod": "a-1", "types": {"Cluster": {"state": "SYNCED"}, "Listener": {"state": "NACKED"}}}


def test_status_shows_each_proxys_state() -> None:
    found = status.Status("running", "ready", "mesh", [control_plane.Replica("meshd-1", True, [PROXY])])
    text = status.as_text(found)
    assert "control plane  meshd-1: ready, 1 proxies" in text
    assert text.splitlines()[-1].split() == ["shop/a-1", "SYNCED", "NACKED"]


@pytest.mark.parametrize(
    ("found", "whole"),
    [
        (status.Status("running", "ready", "mesh", [control_plane.Replica("meshd-1", True)]), True),
        (status.Status("running", "ready", "mesh", [control_plane.Replica("meshd-1", False)]), False),
        (status.Status("running", "ready", "mesh", [control_plane.Replica("meshd-1", True, [PROXY])]), False),
        (status.Status("running", "ready", "mesh", []), False),
        (status.Status("stopped", "absent", "mesh"), False),
    ],
)
def test_status_is_well_only_when_everything_is(found: status.Status, whole: bool) -> None:
    assert status.is_whole(found) is whole
