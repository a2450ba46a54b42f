"""Go's module and build caches, of our own: they pass 10 GB, so they live only as long as tools are being
built.

Builders hold a shared lock. Whoever ends last drops the caches. A killed or failed build leaves them behind,
so that the next try continues from there; left alone for a day they go too.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from toolchain.errors import UserError
from toolchain.paths import cache_dir

LEFT_ALONE_SECONDS = 24 * 3600.0
SPARE_GB = 2.0
DROPPED = ".gocache-dropped-"

_open = threading.RLock()
_depth = 0


def folder() -> Path:
    """Where both caches are."""
    return cache_dir() / "gocache"


def environment() -> dict[str, str]:
    """Settings that make `go` use our caches and nothing of the user's but where modules come from."""
    return {
        "GOMODCACHE": str(folder() / "mod"),
        "GOCACHE": str(folder() / "build"),
        "GOTOOLCHAIN": "local",
        "GOFLAGS": "-modcacherw -mod=readonly -buildvcs=false",
        "GOWORK": "off",
        "CGO_ENABLED": "0",
        "GOGC": "400",  # a fifth less work for the compiler, which then takes more memory
        "GOMEMLIMIT": f"{memory_bytes() // 4}",
    }


def memory_bytes() -> int:
    """Of the machine."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


@contextmanager
def building() -> Iterator[None]:
    """Keep the caches while the block builds; drop them at its end unless it failed or others still build."""
    global _depth
    with _open:
        folder().mkdir(parents=True, exist_ok=True)
        with _lock_file().open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_SH)
            _depth += 1
            try:
                yield
            finally:
                _depth -= 1
        if _depth == 0:
            drop()


def drop() -> None:
    """Remove the caches, unless some process is building."""
    if not folder().is_dir():
        return
    with _lock_file().open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return
        doomed = folder().rename(folder().with_name(f"{DROPPED}{time.time_ns()}"))
    _remove(doomed)


def drop_if_left_alone() -> None:
    """Remove caches that a killed build left behind and nobody came back for, and what a killed removal left."""
    with suppress(FileNotFoundError):
        if folder().is_dir() and time.time() - _lock_file().stat().st_mtime > LEFT_ALONE_SECONDS:
            drop()
    for doomed in cache_dir().glob(f"{DROPPED}*"):
        if time.time_ns() - int(doomed.name.removeprefix(DROPPED)) > LEFT_ALONE_SECONDS * 1e9:
            _remove(doomed)


def _remove(doomed: Path) -> None:
    """A minute of work for the disk, for which nobody has to wait: this process ends after its threads."""
    threading.Thread(target=shutil.rmtree, args=(doomed,), kwargs={"ignore_errors": True}, name=DROPPED).start()


def require_space(needed_gb: float) -> None:
    """Raise UserError unless the disk of the cache folder has room for builds of that size.

    What is already in the caches (of a build that was interrupted) counts as room.
    """
    present_gb = _size_gb(folder())
    free_gb = shutil.disk_usage(cache_dir()).free / 1e9
    if free_gb + present_gb < needed_gb + SPARE_GB:
        raise UserError(
            f"building the tools needs {needed_gb + SPARE_GB - present_gb:.0f} GB free under {cache_dir()}, "
            f"{free_gb:.1f} GB are; free some space or set MESH_CACHE to a folder on a larger disk"
        )


def _size_gb(top: Path) -> float:
    total = 0
    for parent, _, files in os.walk(top):
        for name in files:
            with suppress(OSError):
                total += os.lstat(os.path.join(parent, name)).st_blocks * 512
    return total / 1e9


def _lock_file() -> Path:
    """Beside the caches, not in them: it must outlive a drop."""
    return cache_dir() / "gocache.lock"
