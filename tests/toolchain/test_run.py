from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from toolchain.errors import UserError
from toolchain.run import run


def test_returns_standard_output_only() -> None:
    assert run(["sh", "-c", "echo out; echo err >&2"]) == "out\n"


def test_lays_the_environment_over_the_current_one(tmp_path: Path) -> None:
    assert run(["sh", "-c", 'echo "$A $HOME"; pwd'], env={"A": "1"}, cwd=tmp_path) == (
        f"1 {os.environ['HOME']}\n{tmp_path}\n"
    )


def test_a_failure_shows_the_last_lines() -> None:
    with pytest.raises(UserError, match="failed with exit code 3:\nsecond") as caught:
        run(["sh", "-c", "seq 100; echo second >&2; exit 3"])
    assert "\n100\n" not in str(caught.value)


def test_a_missing_command_is_named() -> None:
    with pytest.raises(UserError, match="no-such-command is not on this machine"):
        run(["no-such-command", "--flag"])


def test_a_slow_command_is_ended_with_its_children(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"did not end within 0\.3 s"):
        run(["sh", "-c", f"sleep 60 & echo $! > {tmp_path}/pid; wait"], timeout=0.3)
    _must_end(int((tmp_path / "pid").read_text()))


def test_appends_both_outputs_to_a_log(tmp_path: Path) -> None:
    log = tmp_path / "logs" / "log"
    run(["echo", "first"], log=log)
    assert run(["sh", "-c", "echo out; echo err >&2"], log=log) == "out\nerr\n"
    assert log.read_text() == "first\nout\nerr\n"


def test_a_command_does_not_outlive_a_killed_caller(tmp_path: Path) -> None:
    program = "import sys; from toolchain.run import run; run(['sh', '-c', 'echo $$ > pid; exec sleep 60'])"
    caller = subprocess.Popen([sys.executable, "-c", program], cwd=tmp_path, env={**os.environ, **_python_path()})
    pid_file = tmp_path / "pid"
    while not (pid_file.exists() and pid_file.read_text().strip()):
        time.sleep(0.02)
    caller.send_signal(signal.SIGKILL)
    caller.wait()
    _must_end(int(pid_file.read_text()))


def _python_path() -> dict[str, str]:
    return {"PYTHONPATH": str(Path(__file__).parents[2])}


def _must_end(pid: int) -> None:
    for _ in range(250):
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
        except FileNotFoundError:
            return
        if state == "Z":
            return
        time.sleep(0.02)
    raise AssertionError(f"process {pid} still runs")
