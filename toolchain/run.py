"""Runs an outside command; what it printed last becomes the error message when it fails."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
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
) -> str:
    """Run `argv` to its end and return its standard output.

    `env` is laid over the current environment. `timeout` is in seconds. With `log`, both outputs are appended
    to that file, and the returned text holds both. Standard input is empty.
    Raises UserError with the last lines when the command is missing, fails or takes too long; it and its
    children are ended when this call ends early for any reason.
    """
    words = [str(word) for word in argv]
    if log is not None:
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as both:
            start = both.seek(0, os.SEEK_END)
            code = _wait(words, both, both, env, cwd, timeout)
        with log.open("rb") as written:
            written.seek(start)
            output = errors = written.read().decode(errors="replace")
        where = f"\n(whole output: {log})"
    else:
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            code = _wait(words, out, err, env, cwd, timeout)
            output, errors = _text(out), _text(err)
        where = ""
    if code == 0:
        return output
    last = "\n".join((errors.strip() or output.strip()).splitlines()[-LAST_LINES:])
    why = f"did not end within {timeout:g} s" if code is None else f"failed with exit code {code}"
    raise UserError(f"{shlex.join(words)[:200]} {why}" + (f":\n{last}" if last else "") + where)


def _wait(
    words: list[str],
    out: IO[bytes],
    err: IO[bytes],
    env: Mapping[str, str] | None,
    cwd: Path | None,
    timeout: float | None,
) -> int | None:
    """Exit code, or None when the time was up."""
    full = {**os.environ, **env} if env is not None else None
    try:
        process = subprocess.Popen(
            words, stdin=subprocess.DEVNULL, stdout=out, stderr=err, env=full, cwd=cwd, start_new_session=True
        )
    except FileNotFoundError as error:
        raise UserError(f"{error.filename}: no such file (needed to run {shlex.join(words)[:200]})") from None
    except PermissionError as error:
        raise UserError(f"{error.filename}: may not be run (needed for {shlex.join(words)[:200]})") from None
    try:
        return process.wait(timeout)
    except subprocess.TimeoutExpired:
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


def _text(stream: IO[bytes]) -> str:
    stream.seek(0)
    return stream.read().decode(errors="replace")
