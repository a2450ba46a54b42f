"""Runs an outside command; what it printed last becomes the error message when it fails."""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO

from toolchain.errors import UserError

LAST_LINES = 8
KILL_GRACE_SECONDS = 5.0


def run(
    argv: Sequence[str | Path],
    *,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    timeout: float | None = None,
    log: Path | None = None,
    every_second: Callable[[], None] | None = None,
) -> str:
    """Run `argv` to its end and return its standard output.

    `env` is laid over the current environment. `timeout` is in seconds. With `log`, both outputs are appended
    to that file, and the returned text holds both. Standard input is empty.
    Raises UserError with the last lines when the command is missing, fails or takes too long. It is ended
    when this call ends early for any reason, also when this process is killed.
    """
    words = _with_parent([str(word) for word in argv], env, cwd)
    if log is not None:
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as both:
            start = both.seek(0, os.SEEK_END)
            code = _wait(words, both, both, env, cwd, timeout, every_second)
        with log.open("rb") as written:
            written.seek(start)
            output = errors = written.read().decode(errors="replace")
    else:
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            code = _wait(words, out, err, env, cwd, timeout, every_second)
            output, errors = _text(out), _text(err)
    if code == 0:
        return output
    last = "\n".join((errors.strip() or output.strip()).splitlines()[-LAST_LINES:])
    why = f"did not end within {timeout:g} s" if code is None else f"failed with exit code {code}"
    raise UserError(f"{_shown(argv)} {why}" + (f":\n{last}" if last else ""))


def _with_parent(words: list[str], env: Mapping[str, str] | None, cwd: Path | None) -> list[str]:
    """The command, made to end when this process dies. Raises UserError when it cannot be found."""
    search = (env or {}).get("PATH", os.environ.get("PATH", os.defpath))
    name = str((cwd or Path.cwd()) / words[0]) if "/" in words[0] else words[0]
    found = shutil.which(name, path=search)
    if found is None:
        state = "may not be run" if Path(name).is_file() else "is not on this machine"
        raise UserError(f"{words[0]} {state}; it is needed for: {_shown(words)}")
    keeper = shutil.which("setpriv")
    return [keeper, "--pdeathsig", "TERM", "--", found, *words[1:]] if keeper else [found, *words[1:]]


def _wait(
    words: list[str],
    out: IO[bytes],
    err: IO[bytes],
    env: Mapping[str, str] | None,
    cwd: Path | None,
    timeout: float | None,
    every_second: Callable[[], None] | None,
) -> int | None:
    """Exit code, or None when the time was up."""
    full = {**os.environ, **env} if env is not None else None
    process = subprocess.Popen(
        words, stdin=subprocess.DEVNULL, stdout=out, stderr=err, env=full, cwd=cwd, start_new_session=True
    )
    deadline = time.monotonic() + timeout if timeout is not None else float("inf")
    try:
        while (left := deadline - time.monotonic()) > 0:
            with suppress(subprocess.TimeoutExpired):
                return process.wait(min(left, 1.0))
            if every_second is not None:
                every_second()
        return None
    finally:
        if process.poll() is None:
            _end_group(process)


def _end_group(process: subprocess.Popen[bytes]) -> None:
    """End the command and everything it started: they share a session of their own."""
    for how in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, how)
        with suppress(subprocess.TimeoutExpired):
            process.wait(KILL_GRACE_SECONDS)
            return


def _shown(argv: Sequence[str | Path]) -> str:
    return shlex.join(str(word) for word in argv)[:200]


def _text(stream: IO[bytes]) -> str:
    stream.seek(0)
    return stream.read().decode(errors="replace")
