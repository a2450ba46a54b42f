from __future__ import annotations

import shutil
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.toolchain.conftest import PlaceScript
from toolchain import ensure
from toolchain.errors import UserError
from toolchain.sources import gobuild, gocaches
from toolchain.tool import GoBuild, Tool

REAL_GO = shutil.which("go") or shutil.which("go", path="/usr/local/go/bin")
RECIPE = GoBuild("example", {"example": "."}, variables={"main.version": "1.2.3"})


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "modules" / "example"
    folder.mkdir(parents=True)
    (folder / "go.mod").write_text("module mesh-stack.invalid/example\n\ngo 1.21.0\n")
    (folder / "main.go").write_text("package main\n\nvar version string\n\nfunc main() { println(version) }\n")
    monkeypatch.setattr(gobuild, "module_folder", lambda recipe: folder)
    return folder


@pytest.fixture
def tool(add_tool: Callable[[Tool], Tool]) -> Tool:
    return add_tool(Tool("example", "1.2.3", ("example",), recipes=(RECIPE,)))


def must_be_removed(cache: Path) -> None:
    for thread in threading.enumerate():
        if thread.name == gocaches.DROPPED:
            thread.join()
    assert not list(cache.glob(f"{gocaches.DROPPED}*"))


@pytest.mark.skipif(REAL_GO is None, reason="no Go on this machine")
def test_builds_a_module_and_drops_the_caches(
    module: Path, tool: Tool, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("toolchain.sources.debian.which", lambda command: REAL_GO)
    binary = ensure("example")
    check = subprocess.run([binary], capture_output=True, text=True)
    assert check.stderr == "1.2.3\n"
    assert not gocaches.folder().exists()
    must_be_removed(cache)


@pytest.mark.skipif(REAL_GO is None, reason="no Go on this machine")
def test_programs_of_one_module_are_built_at_once_and_have_their_own_names(
    module: Path, add_tool: Callable[[Tool], Tool], monkeypatch: pytest.MonkeyPatch
) -> None:
    for path in ("cmd/one", "two/v3"):
        (module / path).mkdir(parents=True)
        (module / path / "main.go").write_text(f'package main\n\nfunc main() {{ println("{path}") }}\n')
    packages = {"first": "mesh-stack.invalid/example/cmd/one", "second": "mesh-stack.invalid/example/two/v3"}
    recipe = GoBuild("example", packages)
    add_tool(Tool("pair", "1.2.3", ("first", "second"), recipes=(recipe,), is_folder=True))
    monkeypatch.setattr("toolchain.sources.debian.which", lambda command: REAL_GO)
    folder = ensure("pair")
    said = [subprocess.run([folder / name], capture_output=True, text=True).stderr for name in packages]
    assert said == ["cmd/one\n", "two/v3\n"]


@pytest.mark.skipif(REAL_GO is None, reason="no Go on this machine")
def test_a_failed_build_names_the_fault_and_keeps_the_caches(
    module: Path, tool: Tool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("toolchain.sources.debian.which", lambda command: REAL_GO)
    (module / "main.go").write_text('package main\n\nimport _ "mesh-stack.invalid/example/none"\n\nfunc main() {}\n')
    with pytest.raises(UserError, match=r"mesh-stack\.invalid/example/none"):
        ensure("example")
    assert gocaches.folder().exists()


def test_no_go_names_the_way_out(module: Path, tool: Tool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda command, path=None: None)
    monkeypatch.setattr("toolchain.sources.debian.which", lambda command: None)
    with pytest.raises(UserError, match=r"no Go on this machine; install Go 1\.21\.0 or newer .*put example on PATH"):
        ensure("example")


def test_an_old_go_names_the_way_out(module: Path, tool: Tool, place_script: PlaceScript) -> None:
    place_script("go", "echo go1.19.8")
    with pytest.raises(UserError, match=r"go is go1\.19\.8; install Go 1\.21\.0 or newer"):
        ensure("example")


def test_too_small_a_disk_is_told_before_anything_starts(
    module: Path, tool: Tool, monkeypatch: pytest.MonkeyPatch, place_script: PlaceScript
) -> None:
    place_script("go", "[ $1 = env ] && echo go1.26.0")
    usage = shutil.disk_usage(module)
    monkeypatch.setattr("shutil.disk_usage", lambda path: usage._replace(free=10**9))
    with pytest.raises(UserError, match=r"needs 3 GB free under .*, 1\.0 GB are; free some space or set MESH_CACHE"):
        ensure("example")
    assert not gocaches.folder().exists()


def test_caches_that_others_build_with_are_kept(cache: Path) -> None:
    with gocaches.building():
        gocaches.drop()
        assert gocaches.folder().is_dir()
    assert not gocaches.folder().exists()


def test_caches_left_alone_for_a_day_go(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(KeyboardInterrupt), gocaches.building():
        raise KeyboardInterrupt
    gocaches.drop_if_left_alone()
    assert gocaches.folder().is_dir()
    monkeypatch.setattr(gocaches, "LEFT_ALONE_SECONDS", -1.0)
    gocaches.drop_if_left_alone()
    assert not gocaches.folder().exists()
    must_be_removed(cache)


def test_what_a_killed_removal_left_goes_after_a_day(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    left = cache / f"{gocaches.DROPPED}{time.time_ns()}"
    left.mkdir(parents=True)
    gocaches.drop_if_left_alone()
    assert left.is_dir()
    monkeypatch.setattr(gocaches, "LEFT_ALONE_SECONDS", 0.0)
    gocaches.drop_if_left_alone()
    must_be_removed(cache)
