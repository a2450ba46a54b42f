"""Short names for content, so that a change of content is a change of name."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

LENGTH = 16


def digest(*parts: str | bytes) -> str:
    """Sixteen hexadecimal digits of the SHA-256 of `parts`, each framed by its length."""
    total = hashlib.sha256()
    for part in parts:
        data = part.encode() if isinstance(part, str) else part
        total.update(f"{len(data)}:".encode())
        total.update(data)
    return total.hexdigest()[:LENGTH]


def source_files(folder: Path) -> dict[str, Path]:
    """Path relative to `folder` → file, of everything in it but caches. Sorted."""
    found = (path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    return {path.relative_to(folder).as_posix(): path for path in sorted(found)}


def files_digest(files: Iterable[tuple[str, Path]]) -> str:
    """Digest of names and contents."""
    return digest(*(part for name, path in files for part in (name, path.read_bytes())))
