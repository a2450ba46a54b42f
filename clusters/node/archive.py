"""Writes container images as one tar file in the layout `docker save` uses, with nothing but file contents
and names.

The same input gives the same bytes. Several images may share a layer, which is then written once.
"""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

CHUNK = 1 << 20
SEARCH_PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass(frozen=True)
class InnerImage:
    """An image to preload: `reference`, the files of its own layer by absolute path, the layers below,
    entrypoint.
    """

    reference: str
    files: Mapping[str, Path]
    entrypoint: Sequence[str] = ()
    base_layers: Sequence[Path] = field(default=())


def layer(files: Mapping[str, Path], target: Path) -> Path:
    """Write a layer of executables, owned by root, to `target` and return it."""
    with tarfile.open(target, "w") as tar:
        for name, source in sorted(files.items()):
            info = tarfile.TarInfo(name.lstrip("/"))
            info.size, info.mode = source.stat().st_size, 0o755
            with source.open("rb") as content:
                tar.addfile(info, content)
    return target


def write_archive(images: Sequence[InnerImage], architecture: str, target: Path, work: Path) -> None:
    """Write all `images` to the tar file `target`. `work` is a folder for layers; `architecture` is Go's name
    of it.
    """
    manifest: list[dict[str, Any]] = []
    written: set[str] = set()
    with tarfile.open(target, "w") as tar:
        for number, image in enumerate(images):
            layers = [*image.base_layers, layer(image.files, work / f"layer-{number}.tar")]
            digests = [digest(path) for path in layers]
            for path, sha in zip(layers, digests, strict=True):
                if sha not in written:
                    tar.add(path, f"{sha}/layer.tar", filter=_anonymous)
                    written.add(sha)
            config = json.dumps(_config(image, architecture, digests)).encode()
            name = f"{hashlib.sha256(config).hexdigest()}.json"
            _add(tar, name, config)
            paths = [f"{sha}/layer.tar" for sha in digests]
            manifest.append({"Config": name, "RepoTags": [image.reference], "Layers": paths})
        _add(tar, "manifest.json", json.dumps(manifest).encode())


def digest(path: Path) -> str:
    """Hex SHA-256 of a file's bytes."""
    sha = hashlib.sha256()
    with path.open("rb") as content:
        while chunk := content.read(CHUNK):
            sha.update(chunk)
    return sha.hexdigest()


def _config(image: InnerImage, architecture: str, digests: Sequence[str]) -> dict[str, Any]:
    return {
        "architecture": architecture,
        "os": "linux",
        "created": "1970-01-01T00:00:00Z",
        "config": {"Entrypoint": list(image.entrypoint), "Env": [SEARCH_PATH]},
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{sha}" for sha in digests]},
    }


def _add(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    info = tarfile.TarInfo(name)
    info.size = len(content)
    tar.addfile(info, io.BytesIO(content))


def _anonymous(info: tarfile.TarInfo) -> tarfile.TarInfo:
    info.uid = info.gid = info.mtime = 0
    info.uname = info.gname = ""
    return info
