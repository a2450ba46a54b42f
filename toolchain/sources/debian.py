"""A tool from Debian's packages: downloaded by apt, unpacked into the cache, nothing installed.

Only commands that the machine itself must have (iptables, say) are installed, and that needs root.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from toolchain.errors import UserError
from toolchain.progress import Step
from toolchain.run import run
from toolchain.tool import DebianPackages

APT_SECONDS = 600.0
LOCK_SECONDS = 120.0
LOCK_PAUSE_SECONDS = 2.0
_SEARCH = os.pathsep.join(("/usr/sbin", "/sbin"))


def fetch(recipe: DebianPackages, into: Path, step: Step) -> str:
    """Fill `into` from the packages; returns their names and versions.

    Raises UserError when the machine has no apt, does not know a package, or lacks root to install what it
    needs.
    """
    step.update("apt")
    names = choose(recipe.packages)
    with tempfile.TemporaryDirectory(dir=into.parent, prefix=".tmp-") as scratch:
        archives = download(names, Path(scratch))
        root = Path(scratch, "root")
        for archive in archives:
            step.update(f"unpacking {archive.name.split('_')[0]}")
            run(["dpkg", "-x", archive, root])
        recipe.arrange(root, into)
    require_commands(recipe.system)
    main = archives[0].name.replace("%3a", ":").split("_")
    return f"Debian's {main[0]} {main[1]}"


def choose(packages: Sequence[str | tuple[str, ...]]) -> list[str]:
    """One name for each entry: of alternatives the first that apt knows, after an update if need be."""
    _require_apt([name for entry in packages for name in _names(entry)][:1])
    chosen = [_first_known(entry) for entry in packages]
    if None in chosen:
        _update(_names(packages[chosen.index(None)]))
        chosen = [_first_known(entry) for entry in packages]
    for entry, name in zip(packages, chosen, strict=True):
        if name is None:
            wanted = " or ".join(_names(entry))
            raise UserError(f"apt knows no package {wanted}; add Debian's main archive to the apt sources")
    return [name for name in chosen if name is not None]


def download(names: Sequence[str], into: Path) -> list[Path]:
    """The packages' archives, in the order of `names`. Stale package lists are brought up to date once."""
    try:
        _apt(["download", *names], into)
    except UserError:
        _update(names)
        _apt(["download", *names], into)
    archives = [next(iter(sorted(into.glob(f"{name}_*.deb"))), None) for name in names]
    missing = [name for name, archive in zip(names, archives, strict=True) if archive is None]
    if missing:
        raise UserError(f"apt downloaded no archive of {' '.join(missing)}; run `apt-get update` and try again")
    return [archive for archive in archives if archive is not None]


def require_commands(needed: Mapping[str, str]) -> None:
    """Install the packages of commands that the machine lacks. Raises UserError without root."""
    missing = sorted({package for command, package in needed.items() if which(command) is None})
    if not missing:
        return
    _require_apt(missing)
    if os.geteuid() != 0:
        raise UserError(f"missing on this machine: {' '.join(missing)}; run: sudo apt-get install {' '.join(missing)}")
    argv = ["install", "--yes", "--no-install-recommends", *missing]
    try:
        _apt(argv, None)
    except UserError:
        _update(missing)
        _apt(argv, None)


def which(command: str) -> str | None:
    """Path of a command, also in the folders that only root has on PATH."""
    return shutil.which(command) or shutil.which(command, path=_SEARCH)


def _names(entry: str | tuple[str, ...]) -> tuple[str, ...]:
    return (entry,) if isinstance(entry, str) else entry


def _first_known(entry: str | tuple[str, ...]) -> str | None:
    return next((name for name in _names(entry) if _candidate(name)), None)


def _candidate(name: str) -> bool:
    policy = run(["apt-cache", "policy", name], env={"LC_ALL": "C"})
    return "Candidate: " in policy and "Candidate: (none)" not in policy


def _update(names: Iterable[str]) -> None:
    if os.geteuid() != 0:
        wanted = " ".join(names)
        raise UserError(f"apt cannot fetch {wanted} and only root may update its lists; run: sudo apt-get update")
    _apt(["update"], None)


def _apt(arguments: Sequence[str], cwd: Path | None) -> None:
    """Run apt-get; waits its turn while another apt holds a lock."""
    quiet = {"DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C"}
    argv = ["apt-get", "-q", "-o", "APT::Sandbox::User=root", *arguments]
    deadline = time.monotonic() + LOCK_SECONDS
    while True:
        try:
            run(argv, env=quiet, cwd=cwd, timeout=APT_SECONDS)
            return
        except UserError as error:
            if "Could not get lock" not in str(error) or time.monotonic() > deadline:
                raise
            time.sleep(LOCK_PAUSE_SECONDS)


def _require_apt(names: Sequence[str]) -> None:
    if shutil.which("apt-get") is None:
        raise UserError(
            f"{' '.join(names)} comes from Debian's packages and this machine has no apt-get; "
            "use a Debian machine, or put the tool on PATH"
        )
