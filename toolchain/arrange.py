"""Picks what a tool needs out of unpacked Debian packages, so that it runs where it lies, uninstalled.

Every function gets `root` (packages unpacked as if it were `/`) and `into` (the tool's new folder). Links are
followed within `root`, absolute ones too, and what they name is copied: the result has no links out of
itself.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from toolchain.errors import UserError

ENGINE_BINARIES = (
    "dockerd",
    "docker",
    "docker-proxy",
    "docker-init",
    "containerd",
    "containerd-shim-runc-v2",
    "ctr",
    "runc",
)

_LIBRARY_FOLDERS = ("lib/*-linux-gnu", "usr/lib/*-linux-gnu")
_JAVA_LEFT_OUT = {"docs", "legal", "man", "ct.sym"}


def prometheus(root: Path, into: Path) -> None:
    """`prometheus`, and `web`: the pages that Debian's build serves from /usr/share/prometheus/web."""
    _copy(root, root / "usr/bin/prometheus", into / "prometheus")
    _copy(root, root / "usr/share/prometheus/web", into / "web")
    # 200 MB of sources of the time zones; the pages use the packed ones.
    shutil.rmtree(into / "web/static/moment-timezone/data/unpacked", ignore_errors=True)


def java_runtime(root: Path, into: Path) -> None:
    """A Java home that needs nothing of its machine but the C library."""
    homes = [home for home in (root / "usr/lib/jvm").glob("java-*") if (home / "bin/java").is_file()]
    real = [home for home in homes if not home.is_symlink()]
    if not real:
        raise UserError("Debian's Java package holds no bin/java; put a Java 17 runtime's archive at hand instead")
    for part in real[0].iterdir():
        if part.name not in _JAVA_LEFT_OUT:
            _copy(root, part, into / part.name)
    _copy_libraries(root, into / "lib")


def docker_engine(root: Path, into: Path) -> None:
    """The engine's binaries; `dockerd` behind a script that adds the libraries and commands beside it."""
    for folder in ("usr/bin", "usr/sbin"):
        for binary in sorted((root / folder).iterdir()):
            if binary.name in ENGINE_BINARIES and binary.name != "dockerd":
                _copy(root, binary, into / binary.name)
    _copy(root, root / "usr/sbin/dockerd", into / "libexec/dockerd")
    _copy_libraries(root, into / "lib")
    _script(
        into / "dockerd",
        'export PATH="$here:$PATH:/usr/sbin:/sbin"',
        'export LD_LIBRARY_PATH="$here/lib${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"',
        'exec "$here/libexec/dockerd" "$@"',
    )


def debootstrap(root: Path, into: Path) -> None:
    """debootstrap behind a script that points it to its own functions and suites."""
    _copy(root, root / "usr/sbin/debootstrap", into / "libexec/debootstrap")
    _copy(root, root / "usr/share/debootstrap", into / "share")
    _script(
        into / "debootstrap",
        'export DEBOOTSTRAP_DIR="$here/share"',
        'export PATH="$PATH:/usr/sbin:/sbin"',
        'exec "$here/libexec/debootstrap" "$@"',
    )


def _script(path: Path, *lines: str) -> None:
    path.write_text("\n".join(("#!/bin/sh", 'here=$(dirname "$(readlink -f "$0")")', *lines)) + "\n")
    path.chmod(0o755)


def _copy_libraries(root: Path, into: Path) -> None:
    """Every shared library of `root`'s system folders, under the name that programs ask for."""
    for folder in _LIBRARY_FOLDERS:
        libraries = sorted(root.glob(f"{folder}/*.so.*"))
        linked = {library.readlink().name for library in libraries if library.is_symlink()}
        for library in libraries:
            if library.name not in linked:
                _copy(root, library, into / library.name)


def _copy(root: Path, source: Path, target: Path) -> None:
    """Copy a file or a folder; a link that leads nowhere is left out."""
    real = _resolve(root, source)
    if real is None:
        return
    if real.is_dir():
        target.mkdir(parents=True, exist_ok=True)
        for child in real.iterdir():
            _copy(root, child, target / child.name)
    else:
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(real, target)


def _resolve(root: Path, path: Path, hops: int = 20) -> Path | None:
    """`path` with links followed inside `root`; None when it does not exist."""
    current = Path(root)
    for part in path.relative_to(root).parts:
        step = current / part
        if step.is_symlink():
            if hops == 0:
                return None
            goal = os.readlink(step)
            base = root / goal.lstrip("/") if goal.startswith("/") else Path(os.path.normpath(current / goal))
            if not base.is_relative_to(root):
                return None
            found = _resolve(root, base, hops - 1)
            if found is None:
                return None
            step = found
        current = step
    return current if current.exists() else None
