from __future__ import annotations

import re
from pathlib import Path

import pytest

from toolchain.paths import repo_root
from toolchain.sources.gobuild import module_folder
from toolchain.table import TOOLS
from toolchain.tool import GoBuild, PartOf, Tool

GO_BUILDS = [recipe for tool in TOOLS.values() for recipe in tool.recipes if isinstance(recipe, GoBuild)]


@pytest.mark.parametrize("tool", TOOLS.values(), ids=TOOLS)
def test_every_tool_can_be_had_without_its_vendor(tool: Tool) -> None:
    assert tool.recipes
    for recipe in tool.recipes:
        assert not isinstance(recipe, PartOf) or tool.files[0] in TOOLS[recipe.tool].files


@pytest.mark.parametrize("tool", TOOLS.values(), ids=TOOLS)
def test_a_release_brings_every_file(tool: Tool) -> None:
    brought = {name for release in tool.releases for name in release.members.values() or [release.save_as]}
    assert not tool.releases or set(tool.files) <= brought
    assert all(url.startswith("https://") for release in tool.releases for url in (release.url, release.checksums))


@pytest.mark.parametrize("recipe", GO_BUILDS, ids=lambda recipe: recipe.module)
def test_go_modules_pin_what_they_build(recipe: GoBuild) -> None:
    folder = module_folder(recipe)
    pinned = dict(re.findall(r"^\s*(?:require )?(\S+) (v\S+)", (folder / "go.mod").read_text(), re.MULTILINE))
    wanted = [package for package in recipe.packages.values() if package != "."]
    wanted += [item.module for item in (*recipe.embed, *recipe.copy)]
    sums = (folder / "go.sum").read_text()
    for package in wanted:
        module = max((path for path in pinned if package == path or package.startswith(path + "/")), default="")
        assert f"{module} {pinned[module]} h1:" in sums


def test_versions_match_the_locked_python_packages() -> None:
    lock = (Path(repo_root()) / "requirements.lock").read_text()
    assert f"\npulumi=={TOOLS['pulumi'].version} " in lock
    assert f"\npulumi-kubernetes=={TOOLS['pulumi-resource-kubernetes'].version} " in lock
