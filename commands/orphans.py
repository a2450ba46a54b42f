"""Plugins of Pulumi that outlived a killed run: they wait for a parent that is gone, and nobody else ends them."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from commands.stack import backend_dir

PLUGINS = ("pulumi-resource-", "pulumi-language-", "pulumi.dynamic")
PROC = Path("/proc")


def end_orphans() -> int:
    """End this checkout's plugins that no `pulumi` started any more; how many there were."""
    orphans = [pid for pid in _plugins() if not _has_pulumi_above(pid)]
    for pid in orphans:
        with suppress(ProcessLookupError, PermissionError):
            os.kill(pid, signal.SIGKILL)
    return len(orphans)


def _plugins() -> Iterator[int]:
    """Processes that are plugins by their command line, and this checkout's by their environment."""
    ours = f"PULUMI_BACKEND_URL=file://{backend_dir()}".encode()
    for folder in PROC.iterdir():
        if not folder.name.isdecimal():
            continue
        with suppress(OSError):
            command = (folder / "cmdline").read_bytes().decode(errors="replace")
            if any(name in command for name in PLUGINS) and ours in (folder / "environ").read_bytes().split(b"\0"):
                yield int(folder.name)


def _has_pulumi_above(pid: int) -> bool:
    """Whether a running `pulumi` is among the process's ancestors."""
    while pid > 1:
        try:
            name, _, rest = (PROC / str(pid) / "stat").read_text().partition(") ")
        except OSError:
            return False
        if name.endswith("(pulumi"):
            return True
        pid = int(rest.split()[1])
    return False
