"""Python packages of one dependency group, installed on this machine for the images' Python.

The images' own package manager need not reach any index: wheels come through this machine's settings.
"""

from __future__ import annotations

import os
import shutil
import tomllib
from pathlib import Path

from mesh_stack.content import digest
from toolchain import ensure
from toolchain.paths import cache_dir, repo_root
from toolchain.run import run

PYTHON_VERSION = "3.11"
PLATFORM = {"x86_64": "x86_64-manylinux_2_28", "aarch64": "aarch64-manylinux_2_28"}


def site_packages_digest(group: str) -> str:
    """Changes when the group asks for others, or when the lock pins others."""
    lock = (repo_root() / "requirements.lock").read_bytes()
    return digest(group, *_requirements(group), lock, PYTHON_VERSION)


def site_packages(group: str) -> Path:
    """Folder with the packages of `group` and all they need, in the versions of requirements.lock."""
    folder = cache_dir() / "images" / f"packages-{group}-{site_packages_digest(group)}"
    if folder.exists():
        return folder
    building = folder.with_name(f"{folder.name}.{os.getpid()}.tmp")
    shutil.rmtree(building, ignore_errors=True)
    building.mkdir(parents=True)
    pins = building.with_suffix(".txt")
    pins.write_text(_pinned(group))
    try:
        _uv(
            "install",
            *("--no-deps", "--require-hashes", "--only-binary", ":all:", "--target", building),
            *("--python-platform", PLATFORM[os.uname().machine], "--requirements", pins),
        )
        building.rename(folder)
    finally:
        pins.unlink(missing_ok=True)
        shutil.rmtree(building, ignore_errors=True)
    return folder


def _requirements(group: str) -> list[str]:
    groups = tomllib.loads((repo_root() / "pyproject.toml").read_text())["dependency-groups"]
    return [str(requirement) for requirement in groups[group]]


def _pinned(group: str) -> str:
    """The lines of requirements.lock that `group` needs, hashes and all."""
    return _uv(
        "compile",
        *("pyproject.toml", "--group", group, "--constraints", "requirements.lock", "--generate-hashes"),
        *("--no-header", "--no-annotate", "--no-emit-index-url"),
    )


def _uv(command: str, *words: str | Path) -> str:
    argv = [ensure("uv"), "pip", command, "--quiet", "--python-version", PYTHON_VERSION, *words]
    return run(argv, cwd=repo_root())
