"""Runs one check as a child: its lines go to a log, the latest to the progress, failures to the screen."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TextIO

from commands.child import start
from commands.results import Result, from_junit, single
from toolchain.paths import state_dir
from toolchain.progress import Step, note, step

SHOWN_LINES = 40
END_SECONDS = 20.0
PYTEST_LINE = re.compile(r"(\S+::\S+) (?:PASSED|FAILED|SKIPPED|ERROR)|\[gw\d+\].* (\S+::\S+)")


def reports_dir() -> Path:
    """JUnit, HTML and JSON reports of this checkout's runs."""
    folder = state_dir() / "reports"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def check(name: str, argv: Sequence[str], environment: Mapping[str, str]) -> Result:
    """One check that passes or not as a whole, such as a linter. `argv` begins with a script of this environment."""
    script = Path(sys.executable).with_name(argv[0])
    code, lines = run_child(name, [str(script), *argv[1:]], environment)
    return single(name, code == 0, "" if code == 0 else f"{lines[-1] if lines else 'failed'}")


def pytest_suite(name: str, argv: Sequence[str], environment: Mapping[str, str], niceness: int = 0) -> Result:
    """One pytest run, counted from its JUnit file. With a `niceness` it makes way for what runs beside it."""
    report = reports_dir() / f"{_file_name(name)}.xml"
    report.unlink(missing_ok=True)
    pytest = ["nice", "-n", str(niceness), sys.executable, "-m", "pytest"]
    words = [*pytest, *argv, "-v", "--color=no", f"--junitxml={report}"]
    code, _ = run_child(name, words, environment)
    result = from_junit(name, report)
    if code != 0 and result.passed:
        return single(name, False, f"pytest ended with exit code {code}")
    return result


def run_child(
    name: str, argv: Sequence[str], environment: Mapping[str, str], shown: int = SHOWN_LINES
) -> tuple[int, list[str]]:
    """Exit code and lines of `argv`. When it fails, its last `shown` lines are shown."""
    path = state_dir() / "logs" / f"{_file_name(name)}.log"
    path.parent.mkdir(parents=True, exist_ok=True)
    with step(name) as current, path.open("w") as log:
        code, lines = _stream(argv, environment, log, current)
        if code != 0:
            for line in lines[-shown:]:
                note(f"  {line}")
            note(f"  whole output: {path}")
            current.failed = True
    return code, lines


def _stream(argv: Sequence[str], environment: Mapping[str, str], log: TextIO, current: Step) -> tuple[int, list[str]]:
    process = start(argv, environment)
    assert process.stdout is not None
    lines: list[str] = []
    try:
        for line in process.stdout:
            log.write(line)
            lines.append(line.rstrip())
            current.update(_shown(line))
        return process.wait(), lines
    finally:
        if process.poll() is None:
            _end(process)


def _end(process: subprocess.Popen[str]) -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with suppress(subprocess.TimeoutExpired):
            process.wait(END_SECONDS)
            return


def _shown(line: str) -> str:
    found = PYTEST_LINE.search(line)
    return (found[1] or found[2]).rpartition("::")[2] if found else line.strip()[:80]


def _file_name(name: str) -> str:
    return re.sub(r"\W+", "-", name.lower()).strip("-")
