"""Copies images from the engine into a kind node's own containerd."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable, Sequence

from clusters.engine import Engine
from toolchain.errors import UserError
from toolchain.progress import step

CTR = ("ctr", "--namespace", "k8s.io", "images")
NEEDS_DOMAIN = "docker.io/"


def load(engine: Engine, node: str, refs: Sequence[str]) -> None:
    """Load all of `refs` that the node lacks, in one stream, so that layers they share travel once."""
    missing = absent(refs, engine.docker("exec", node, *CTR, "list", "--quiet").split())
    if not missing:
        return
    with step(f"Loading {len(missing)} image(s) into {node}"):
        _copy(engine, node, missing)


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


def _copy(engine: Engine, node: str, refs: Sequence[str]) -> None:
    save = engine.popen("save", *refs, stdout=subprocess.PIPE)
    words = ["exec", "--interactive", node, *CTR, "import", "--all-platforms", "-"]
    load = engine.popen(*words, stdin=save.stdout, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    assert save.stdout is not None
    save.stdout.close()
    _, errors = load.communicate()
    if save.wait() != 0 or load.returncode != 0:
        last = errors.decode(errors="replace").strip().splitlines()[-1:] or ["the engine could not save them"]
        raise UserError(f"images could not be loaded into {node}: {last[0]}")
