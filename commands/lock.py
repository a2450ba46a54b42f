"""`./mesh lock`: pins every dependency of pyproject.toml, with hashes, in requirements.lock."""

from __future__ import annotations

import argparse
import tomllib

from toolchain import ensure
from toolchain.paths import repo_root
from toolchain.progress import step
from toolchain.run import run as run_tool

LOCK = "requirements.lock"


def run(_options: argparse.Namespace) -> int:
    """Resolve all groups together; the old file stays when that fails."""
    root = repo_root()
    groups = tomllib.loads((root / "pyproject.toml").read_text())["dependency-groups"]
    made = root / f"{LOCK}.new"
    words = ["pip", "compile", "pyproject.toml", *(word for name in groups for word in ("--group", name))]
    words += [
        "--generate-hashes",
        "--no-emit-index-url",
        "--python-version",
        "3.11",
        "--no-header",
        "--quiet",
    ]
    if (root / LOCK).exists():
        made.write_bytes((root / LOCK).read_bytes())  # versions stay where nothing asks for others
    with step("Resolving dependencies"):
        try:
            run_tool([ensure("uv"), *words, "--output-file", made.name], cwd=root)
            made.replace(root / LOCK)
        finally:
            made.unlink(missing_ok=True)
    return 0
