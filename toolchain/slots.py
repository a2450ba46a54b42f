"""Finished tools in the cache: `tools/<name>/<version>/`, whole or not there at all.

A tool is made in a temporary folder beside its slot and renamed into place, under a lock of the tool's name.
What a killed run left behind is cleared by the next one that gets the lock.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from toolchain.errors import UserError
from toolchain.paths import cache_dir
from toolchain.progress import step
from toolchain.tool import Tool

_ORIGIN = ".origin.json"
_TEMPORARY = ".tmp-"


@dataclass(frozen=True)
class Origin:
    """Where a finished tool came from, and how many seconds that took."""

    source: str
    seconds: float


def slot(tool: Tool) -> Path:
    """The folder of a tool's version, finished or not yet there."""
    return cache_dir() / "tools" / tool.name / tool.version


def finished(tool: Tool) -> Path | None:
    """The tool's folder if it is whole."""
    folder = slot(tool)
    return folder if all((folder / name).exists() for name in tool.files) else None


def origin(tool: Tool) -> Origin:
    """What was recorded when the tool was made."""
    try:
        return Origin(**json.loads((slot(tool) / _ORIGIN).read_text()))
    except (OSError, ValueError, TypeError):
        return Origin("unknown", 0.0)


@contextmanager
def locked(tool: Tool) -> Iterator[None]:
    """Hold the tool's lock, across threads and processes; says so when it has to wait."""
    folder = slot(tool).parent
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            with step(f"{tool.name}: wait for another run that is getting it"):
                fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@contextmanager
def workspace(tool: Tool) -> Iterator[Path]:
    """An empty folder to make the tool in, on the same disk as its slot. Call with the lock held."""
    parent = slot(tool).parent
    for leftover in parent.glob(f"{_TEMPORARY}*"):
        shutil.rmtree(leftover, ignore_errors=True)
    work = parent / f"{_TEMPORARY}{os.getpid()}-{time.monotonic_ns()}"
    work.mkdir()
    try:
        yield work
    finally:
        shutil.rmtree(work, ignore_errors=True)


def publish(tool: Tool, made: Path, came_from: Origin) -> Path:
    """Rename a finished folder into the tool's slot. Call with the lock held."""
    missing = [name for name in tool.files if not (made / name).exists()]
    if missing:
        raise UserError(
            f"{came_from.source} gave no {', '.join(missing)}; put {tool.name} {tool.version} on PATH instead"
        )
    (made / _ORIGIN).write_text(json.dumps(asdict(came_from)))
    target = slot(tool)
    if target.exists():  # an incomplete one, or finished() would have found it
        shutil.rmtree(target)
    made.rename(target)
    return target
