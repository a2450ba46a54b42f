"""Copies images from the engine into a kind node's own containerd."""

from __future__ import annotations

import subprocess
import tarfile
import tempfile
from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import IO

from clusters.engine import Engine
from clusters.image_layout import committed, saved_images, write_layout
from toolchain.errors import UserError
from toolchain.paths import cache_dir
from toolchain.progress import step

CTR = ("ctr", "--namespace", "k8s.io", "images")
SNAPSHOTS = ("ctr", "--namespace", "k8s.io", "snapshots", "list")
NEEDS_DOMAIN = "docker.io/"


def load(engine: Engine, node: str, refs: Sequence[str]) -> None:
    """Load all of `refs` that the node lacks, in one stream, without the layers it has already.

    Where the engine or the node's containerd will not have it that way, everything is sent.
    """
    missing = absent(refs, _names(engine, node))
    if not missing:
        return
    with step(f"Loading {len(missing)} image(s) into {node}"), tempfile.TemporaryFile(dir=cache_dir()) as saved:
        _save(engine, missing, saved)
        if not _load_new_layers(engine, node, missing, saved):
            saved.seek(0)
            _end(_importer(engine, node, saved), node)


def absent(refs: Iterable[str], present: Iterable[str]) -> list[str]:
    """Those of `refs` that are not among containerd's names, which are always full ones."""
    there = set(present)
    return [ref for ref in dict.fromkeys(refs) if full_name(ref) not in there]


def full_name(ref: str) -> str:
    """An image reference the way containerd keeps it: with a registry, and `library/` for a single word."""
    first, slash, _ = ref.partition("/")
    if not slash:
        return f"{NEEDS_DOMAIN}library/{ref}"
    return ref if "." in first or ":" in first or first == "localhost" else NEEDS_DOMAIN + ref


def _load_new_layers(engine: Engine, node: str, refs: Sequence[str], saved: IO[bytes]) -> bool:
    """Whether the node has the images after being sent only the layers it lacked."""
    saved.seek(0)
    try:
        with tarfile.open(fileobj=saved) as archive:
            images = saved_images(archive, full_name)
            present = _unpacked(engine, node)
            with _importer(engine, node, subprocess.PIPE) as importer:
                assert importer.stdin is not None
                with suppress(BrokenPipeError):  # ctr gave up early and says why
                    write_layout(archive, images, present, importer.stdin)
                _end(importer, node)
    except (UserError, tarfile.TarError, BrokenPipeError, KeyError, ValueError):
        return False
    present = _unpacked(engine, node)
    return not absent(refs, _names(engine, node)) and all(image.unpacked(present) for image in images)


def _names(engine: Engine, node: str) -> list[str]:
    return engine.docker("exec", node, *CTR, "list", "--quiet").split()


def _unpacked(engine: Engine, node: str) -> frozenset[str]:
    return committed(engine.docker("exec", node, *SNAPSHOTS))


def _save(engine: Engine, refs: Sequence[str], target: IO[bytes]) -> None:
    save = engine.popen("save", *refs, stdout=target, stderr=subprocess.PIPE)
    _, errors = save.communicate()
    if save.returncode != 0:
        raise UserError(f"the engine could not save {', '.join(refs)}: {_last_line(errors)}")


def _importer(engine: Engine, node: str, source: int | IO[bytes]) -> subprocess.Popen[bytes]:
    words = ["exec", "--interactive", node, *CTR, "import", "--all-platforms", "-"]
    return engine.popen(*words, stdin=source, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def _end(importer: subprocess.Popen[bytes], node: str) -> None:
    """Wait for `ctr import`; UserError with its last line when it fails."""
    _, errors = importer.communicate()
    if importer.returncode != 0:
        raise UserError(f"images could not be loaded into {node}: {_last_line(errors)}")


def _last_line(errors: bytes) -> str:
    return (errors.decode(errors="replace").strip().splitlines() or ["no reason given"])[-1]
