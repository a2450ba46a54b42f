"""Makes Debian root file systems as tar files, for machines where no container registry answers.

debootstrap runs in mount and process namespaces of its own, on a tmpfs where memory allows: fsync costs
nothing there, and a run that is killed leaves neither mounts nor processes behind: they end with their
parent.
"""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from toolchain import ensure
from toolchain.errors import UserError
from toolchain.paths import cache_dir, repo_root
from toolchain.progress import step
from toolchain.run import run

SUITE = "bookworm"  # systemd 252: the last one that still boots on cgroup v1
TMPFS_BYTES = 4 << 30

# Left out of every root file system: documentation and what apt can fetch again.
EXCLUDED = (
    "./dev/*",
    "./proc/*",
    "./sys/*",
    "./usr/lib/valgrind",
    "./usr/share/doc",
    "./usr/share/info",
    "./usr/share/locale",
    "./usr/share/man",
    "./var/cache/apt/*",
    "./var/lib/apt/lists/*",
    "./var/log/*",
)

_DEBOOTSTRAP = """
set -eu
[ -z "$MESH_TMPFS" ] || mount -t tmpfs -o mode=755 mesh-stack "$MESH_WORK"
"$MESH_DEBOOTSTRAP" --variant=minbase --cache-dir="$MESH_DEBS" --include="$MESH_PACKAGES" \
  "$MESH_SUITE" "$MESH_WORK/root" $MESH_MIRROR
umount -l "$MESH_WORK/root/proc" "$MESH_WORK/root/sys" 2>/dev/null || true
exec tar -C "$MESH_WORK/root" --numeric-owner --sort=name $MESH_EXCLUDES -cf "$MESH_OUT" .
"""


def images_dir() -> Path:
    """Cache folder for root file systems and what images are made from."""
    folder = cache_dir() / "images"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def rootfs(name: str, packages: Sequence[str]) -> Path:
    """Tar file of a minimal Debian with `packages`, made once and kept in the cache.

    Raises UserError without root, or with debootstrap's last lines when it fails (no Debian mirror in reach,
    no disk).
    """
    wanted = ",".join(sorted(packages))
    key = hashlib.sha256("\n".join((SUITE, wanted, *EXCLUDED)).encode()).hexdigest()[:12]
    finished = images_dir() / f"rootfs-{name}-{key}.tar"
    if finished.exists():
        return finished
    need_root("making a Debian root file system")
    debootstrap = ensure("debootstrap")
    fresh = finished.with_suffix(".new")
    work = images_dir() / f"work-{name}"
    debs = images_dir() / "debs"
    debs.mkdir(exist_ok=True)
    script = {
        "MESH_DEBOOTSTRAP": str(debootstrap),
        "MESH_DEBS": str(debs),
        "MESH_EXCLUDES": " ".join(f"--exclude={pattern}" for pattern in EXCLUDED),
        "MESH_MIRROR": debian_mirror(),
        "MESH_OUT": str(fresh),
        "MESH_PACKAGES": wanted,
        "MESH_SUITE": SUITE,
    }
    with step(f"Making a Debian root file system ({name})"):
        run_private(["sh", "-fc", _DEBOOTSTRAP], work, script, log=images_dir() / f"rootfs-{name}.log")
    fresh.replace(finished)
    return finished


def run_private(words: Sequence[str], work: Path, env: dict[str, str], log: Path, timeout: float = 1800) -> None:
    """Run a command in mount and process namespaces of its own, with a fresh, empty folder $MESH_WORK to work
    in.

    $MESH_TMPFS is set where the command should mount a tmpfs there. Mounts and processes end with the
    command; the folder is removed.
    """
    run(["rm", "-rf", "--one-file-system", work])
    work.mkdir(parents=True)
    log.unlink(missing_ok=True)
    tmpfs = "1" if _available_memory() > TMPFS_BYTES else ""
    full = {"MESH_WORK": str(work), "MESH_TMPFS": tmpfs, "PYTHONPATH": str(repo_root()), "LC_ALL": "C", **env}
    tied_to_us = ["setpriv", "--pdeathsig", "KILL"]
    namespaces = [
        "unshare",
        "--mount",
        "--propagation",
        "private",
        "--pid",
        "--mount-proc",
        "--fork",
        "--kill-child",
    ]
    try:
        run([*tied_to_us, *namespaces, *words], env=full, log=log, timeout=timeout)
    finally:
        run(["rm", "-rf", "--one-file-system", work])


def need_root(purpose: str) -> None:
    """UserError unless we are root, saying what for."""
    if os.geteuid() != 0:
        raise UserError(f"{purpose} needs root: run this as root, or let the container engine reach a registry")


def debian_mirror() -> str:
    """The mirror this machine's own apt uses for the suite; empty (debootstrap's default) for none."""
    try:
        targets = run(["apt-get", "indextargets", "--format", "$(REPO_URI) $(CODENAME)"], timeout=20)
    except UserError:
        return ""
    for line in targets.splitlines():
        address, _, codename = line.partition(" ")
        if codename.strip() == SUITE:
            return address
    return ""


def python() -> str:
    """The interpreter for helpers that run in a private namespace."""
    return os.path.realpath(sys.executable)


def _available_memory() -> int:
    """Bytes of memory that can be used without swapping."""
    for line in Path("/proc/meminfo").read_text().splitlines():
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) * 1024
    return 0
