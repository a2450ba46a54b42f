"""Builds one image with the engine: the base, files copied in, an entry point."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from mesh_stack.recipes import Recipe
from toolchain.paths import cache_dir
from toolchain.progress import step

if TYPE_CHECKING:
    from clusters.docker import Engine

BUILD_SECONDS = 600


def build_image(engine: Engine, recipe: Recipe, base: str, reference: str) -> None:
    """Have `engine` hold `recipe` on top of image `base` under the name `reference`."""
    with step(f"Image {reference}"), tempfile.TemporaryDirectory(dir=cache_dir(), prefix="image-") as name:
        folder = Path(name)
        copied = {}
        for number, (target, source) in enumerate(sorted(recipe.files().items())):
            _place(source, folder / f"content{number}")
            copied[f"content{number}"] = target
        (folder / "Dockerfile").write_text(dockerfile(recipe, base, copied))
        engine.docker("build", "--quiet", "--tag", reference, folder, timeout=BUILD_SECONDS)


def dockerfile(recipe: Recipe, base: str, copied: dict[str, str]) -> str:
    """`copied` maps a name in the build's folder to its absolute path in the image."""
    lines = [f"FROM {base}", *(f"COPY {name} {target}" for name, target in copied.items())]
    lines += [f'ENV {key}="{value}"' for key, value in sorted(recipe.environment.items())]
    if copied:
        lines.append("WORKDIR /")
    if recipe.user is not None:
        lines.append(f"USER {recipe.user}:{recipe.user}")
    if recipe.entrypoint:
        lines.append(f"ENTRYPOINT {json.dumps(list(recipe.entrypoint))}")
    return "\n".join(lines) + "\n"


def _place(source: Path, target: Path) -> None:
    """Linked instead of copied where both lie on one disk; readable by the image's unprivileged user."""
    if source.is_dir():
        shutil.copytree(source, target, copy_function=_link, ignore=shutil.ignore_patterns("__pycache__"))
    else:
        _link(source, target)


def _link(source: str | Path, target: str | Path) -> None:
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)
