"""Clears what an engine that died, or a stopped one, leaves behind: processes, mounts, cgroups, sockets."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import time
from collections import defaultdict
from collections.abc import Collection, Iterable
from contextlib import suppress
from pathlib import Path

from clusters.engine.places import Places

CGROUP_ROOT = Path("/sys/fs/cgroup")
CGROUP = "mesh-stack"
ESCAPED = re.compile(r"\\([0-7]{3})")  # how the kernel writes white space and backslashes in mountinfo


def shims(where: Places) -> list[int]:
    """Process ids of the containers' supervisors: while one lives, so does its container."""
    return [pid for pid, words in _processes().items() if _is_shim(words, where)]


def stray_processes(where: Places) -> list[int]:
    """Process ids that belong to our engine: dockerd, containerd, shims and all below the shims."""
    processes = _processes()
    roots = [pid for pid, words in processes.items() if _is_ours(words, where)]
    return _with_descendants(roots, _children(processes))


def end(pids: Iterable[int], patience: float = 10.0) -> None:
    """SIGKILL the processes and wait until they are gone, for `patience` seconds at most."""
    waiting = set(pids) - {os.getpid()}
    for pid in waiting:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    deadline = time.monotonic() + patience
    while waiting and time.monotonic() < deadline:
        waiting = {pid for pid in waiting if _alive(pid)}
        time.sleep(0.02)


def unmount(*folders: Path) -> int:
    """Detach everything mounted at or below the folders, deepest first; returns how many there were."""
    targets = mounts_below(Path("/proc/self/mountinfo").read_text(), folders)
    for target in targets:
        subprocess.run(["umount", "-l", target], check=False, capture_output=True)
    return len(targets)


def mounts_below(mountinfo: str, folders: Iterable[Path]) -> list[str]:
    """Mount points at or below any of the folders, in the order to unmount them."""
    found = [ESCAPED.sub(lambda octal: chr(int(octal[1], 8)), line.split()[4]) for line in mountinfo.splitlines()]
    below = [point for point in found if any(Path(point).is_relative_to(folder) for folder in folders)]
    return list(reversed(below))


def remove_cgroups() -> None:
    """Remove the engine's own, by now empty, control groups from every hierarchy."""
    for top in [CGROUP_ROOT / CGROUP, *CGROUP_ROOT.glob(f"*/{CGROUP}")]:
        for folder, _, _ in os.walk(top, topdown=False):
            with suppress(OSError):
                os.rmdir(folder)


def remove_bridges(where: Places, before: Collection[str]) -> None:
    """Remove the bridges of our engine's networks that no dockerd was there to remove.

    dockerd names a bridge `br-` and the first 12 digits of its network's id, and keeps the ids in its own
    store.
    """
    try:
        store = (where.data_root / "network/files/local-kv.db").read_bytes()
    except OSError:
        return
    for name in os.listdir("/sys/class/net"):
        if name.startswith("br-") and name not in before and name.removeprefix("br-").encode() in store:
            subprocess.run(["ip", "link", "delete", name], check=False, capture_output=True)


def forget_daemons(where: Places) -> None:
    """Remove the pidfiles and sockets of daemons that are gone, so that a new dockerd starts its own
    containerd.

    dockerd takes a process id that still exists, be it a zombie's or a stranger's, for a living containerd.
    """
    containerd = where.exec_root / "containerd"
    for path in (where.pidfile, where.socket, *containerd.glob("*.pid"), *containerd.glob("*.sock*")):
        path.unlink(missing_ok=True)


def clear_run_folder(where: Places) -> None:
    """Remove sockets, pidfiles and run-time state. Only when nothing of the engine runs any more."""
    unmount(where.run, where.data_root)
    shutil.rmtree(where.run, ignore_errors=True)
    with suppress(OSError):
        where.run.parent.rmdir()


def _is_shim(words: list[str], where: Places) -> bool:
    return bool(words) and "containerd-shim" in words[0] and _mentions(words, where)


def _is_ours(words: list[str], where: Places) -> bool:
    name = os.path.basename(words[0]) if words else ""
    return (name in ("dockerd", "containerd") or "containerd-shim" in name) and _mentions(words, where)


def _mentions(words: list[str], where: Places) -> bool:
    return any(word == str(where.config) or word.startswith(f"{where.exec_root}/") for word in words)


def _processes() -> dict[int, list[str]]:
    """Command words of every process."""
    found = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError):
                found[int(entry.name)] = (entry / "cmdline").read_bytes().decode(errors="replace").split("\0")
    return found


def _children(processes: Iterable[int]) -> dict[int, list[int]]:
    children: dict[int, list[int]] = defaultdict(list)
    for pid in processes:
        with suppress(OSError, IndexError, ValueError):
            parent = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
            children[parent].append(pid)
    return children


def _with_descendants(roots: list[int], children: dict[int, list[int]]) -> list[int]:
    found: list[int] = []
    waiting = list(roots)
    while waiting:
        pid = waiting.pop()
        if pid not in found:
            found.append(pid)
            waiting += children.get(pid, [])
    return found


def _alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False
