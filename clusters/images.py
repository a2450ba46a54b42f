"""Builds the project's own images, named by what is in them, so that nothing is built or loaded twice."""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import subprocess
import tarfile
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from clusters.base_image import base_image
from clusters.engine import Engine, ensure_engine
from toolchain.errors import UserError
from toolchain.progress import step

BASE = "base"
PREFIX = "mesh-stack"
LEFT_OUT = ("__pycache__",)
TAG_DIGITS = 12
_BUILD = 1  # raise when the same input shall give another image


@dataclass(frozen=True)
class ImageConfig:
    """How a container of the image runs.

    `user` is a name or `uid[:gid]`. Python below the folders of `compile_python` is compiled while the image is
    built, so that containers with a read-only root start fast.
    """

    entrypoint: tuple[str, ...] = ()
    user: str = ""
    env: Mapping[str, str] = field(default_factory=dict)
    workdir: str = "/"
    compile_python: tuple[str, ...] = ()


@dataclass(frozen=True)
class Entry:
    """A file or symbolic link of an image: `path` inside it, where its bytes come from, whether it may be run."""

    path: str
    source: Path | bytes
    executable: bool = False

    @property
    def link(self) -> str | None:
        """What a symbolic link points at, None for a file."""
        is_link = isinstance(self.source, Path) and self.source.is_symlink()
        return os.readlink(self.source) if is_link and isinstance(self.source, Path) else None

    def content(self) -> bytes:
        return self.source if isinstance(self.source, bytes) else self.source.read_bytes()


def build_image(
    name: str,
    files: Mapping[str, Path | bytes],
    *,
    base: str = BASE,
    config: ImageConfig | None = None,
    prefix: str = PREFIX,
) -> str:
    """Reference `<prefix>/<name>:<content hash>` of an image that the engine has after this call.

    `files` maps absolute paths in the image to bytes, files, or folders (taken whole, without `__pycache__`).
    `base` is an image reference; `base` alone stands for the project's own base image. Raises UserError with the
    engine's last line when the build fails.
    """
    settings = config or ImageConfig()
    entries = sorted(_entries(files), key=lambda entry: entry.path)
    engine = ensure_engine()
    below = base_image(engine) if base == BASE else base
    ref = f"{prefix}/{name}:{content_hash(entries, below, settings)}"
    if not (engine.try_docker("images", "-q", ref) or "").strip():
        with step(f"Building image {ref}"):
            _build(engine, ref, dockerfile(below, settings), entries)
    return ref


def content_hash(entries: list[Entry], base: str, config: ImageConfig) -> str:
    """Hex digits that are the same if and only if the image would be: paths, contents, modes, base, settings."""
    sha = hashlib.sha256(json.dumps([_BUILD, base, asdict(config)], sort_keys=True).encode())
    for entry in entries:
        what = entry.link if entry.link is not None else hashlib.sha256(entry.content()).hexdigest()
        sha.update(json.dumps([entry.path, entry.executable, entry.link is not None, what]).encode())
    return sha.hexdigest()[:TAG_DIGITS]


def dockerfile(base: str, config: ImageConfig) -> str:
    """The Dockerfile that puts the context's folder `root` over `base`."""
    lines = [f"FROM {base}", "COPY root/ /"]
    if config.compile_python:
        mode = "--invalidation-mode unchecked-hash"
        lines.append(f"RUN python3 -m compileall -q {mode} {' '.join(config.compile_python)}")
    lines += [f"ENV {key}={quoted(value)}" for key, value in sorted(config.env.items())]
    lines.append(f"WORKDIR {config.workdir}")
    lines += [f"USER {config.user}"] if config.user else []
    lines += [f"ENTRYPOINT {json.dumps(list(config.entrypoint))}"] if config.entrypoint else []
    return "\n".join(lines) + "\n"


def quoted(value: str) -> str:
    """One line of text as a Dockerfile takes it literally: variables are expanded even between quotes."""
    return '"' + re.sub(r'([\\"$])', r"\\\1", value) + '"'


def _entries(files: Mapping[str, Path | bytes]) -> Iterator[Entry]:
    for target, source in files.items():
        if isinstance(source, bytes):
            yield Entry(target, source)
        elif source.is_dir() and not source.is_symlink():
            yield from _folder_entries(target.rstrip("/"), source)
        else:
            yield _file_entry(target, source)


def _folder_entries(target: str, folder: Path) -> Iterator[Entry]:
    for place, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name not in LEFT_OUT]
        linked = [name for name in folders if Path(place, name).is_symlink()]
        for name in (*names, *linked):
            source = Path(place, name)
            yield _file_entry(f"{target}/{source.relative_to(folder)}", source)


def _file_entry(target: str, source: Path) -> Entry:
    return Entry(target, source, executable=not source.is_symlink() and os.access(source, os.X_OK))


def _build(engine: Engine, ref: str, recipe: str, entries: list[Entry]) -> None:
    words = ["build", "--quiet", "--network", "none", "--tag", ref, "-"]
    build = engine.popen(*words, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    assert build.stdin is not None
    try:
        with tarfile.open(fileobj=build.stdin, mode="w|") as context:
            _add(context, Entry("Dockerfile", recipe.encode()))
            for entry in entries:
                _add(context, Entry(f"root{entry.path}", entry.source, entry.executable))
    except BrokenPipeError:
        pass  # the engine gave up early and says why
    _, errors = build.communicate()
    if build.returncode != 0:
        last = errors.decode(errors="replace").strip().splitlines()[-1:] or ["no reason given"]
        raise UserError(f"image {ref} could not be built: {last[0]}")


def _add(context: tarfile.TarFile, entry: Entry) -> None:
    info = tarfile.TarInfo(entry.path)
    info.mode = 0o755 if entry.executable else 0o644
    if entry.link is not None:
        info.type, info.linkname = tarfile.SYMTYPE, entry.link
        context.addfile(info)
        return
    content = entry.content()
    info.size = len(content)
    context.addfile(info, io.BytesIO(content))


__all__ = ["BASE", "ImageConfig", "build_image"]
