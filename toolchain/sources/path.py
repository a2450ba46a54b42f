"""A tool that the machine already has on PATH, taken only when version and kind of binary fit."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from contextlib import suppress
from pathlib import Path

from toolchain.paths import cache_dir
from toolchain.tool import OnPath, Tool, Version, parse_version

PROBE_SECONDS = 5.0
_ELF_64 = b"\x7fELF\x02"
_ELF_INTERPRETER = 3
_ACCEPTED = {"any": {"static", "native", "script"}, "native": {"static", "native"}, "static": {"static"}}


def locate(tool: Tool) -> Path | None:
    """Folder on PATH that holds every file of `tool` in a fitting version, or None."""
    if tool.on_path is None:
        return None
    first = shutil.which(tool.files[0], path=_search_path())
    if first is None:
        return None
    for folder in dict.fromkeys((Path(first).parent, Path(first).resolve().parent)):
        if all(os.access(folder / name, os.X_OK) for name in tool.files) and _fits(
            folder / tool.files[0], tool.on_path
        ):
            return folder.absolute()
    return None


def probe(binary: Path, arguments: tuple[str, ...]) -> Version | None:
    """The version that a binary prints of itself. Remembered as long as the file does not change."""
    real = binary.resolve()
    stat = real.stat()
    key = f"{real} {stat.st_mtime_ns} {stat.st_size}"
    known = _read_memory()
    if key not in known:
        answer = _ask(binary, arguments)
        if not answer:
            return None
        known[key] = answer
        _write_memory(known)
    return parse_version(known[key])


def binary_kind(binary: Path) -> str:
    """`static` for a program without a dynamic loader, `native` for one with it, `script` for the rest."""
    with binary.open("rb") as file:
        head = file.read(4096)
    if head[:5] != _ELF_64:
        return "script"
    start = int.from_bytes(head[32:40], "little")
    size, count = int.from_bytes(head[54:56], "little"), int.from_bytes(head[56:58], "little")
    segments = [int.from_bytes(head[start + size * i :][:4], "little") for i in range(count)]
    return "native" if _ELF_INTERPRETER in segments else "static"


def _fits(binary: Path, on_path: OnPath) -> bool:
    if binary_kind(binary) not in _ACCEPTED[on_path.kind]:
        return False
    version = probe(binary, on_path.probe)
    return version is not None and on_path.fits(version)


def _ask(binary: Path, arguments: tuple[str, ...]) -> str:
    with suppress(OSError, subprocess.TimeoutExpired):
        answer = subprocess.run(
            [str(binary), *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=PROBE_SECONDS,
        )
        if answer.returncode == 0:
            return answer.stdout.decode(errors="replace")[:500]
    return ""


def _search_path() -> str:
    return os.pathsep.join((os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin"))


def _memory() -> Path:
    return cache_dir() / "tools" / "probes.json"


def _read_memory() -> dict[str, str]:
    with suppress(OSError, ValueError):
        known = json.loads(_memory().read_text())
        if isinstance(known, dict):
            return known
    return {}


def _write_memory(known: dict[str, str]) -> None:
    _memory().parent.mkdir(parents=True, exist_ok=True)
    new = _memory().with_suffix(f".{os.getpid()}")
    new.write_text(json.dumps(known, indent=1))
    new.replace(_memory())
