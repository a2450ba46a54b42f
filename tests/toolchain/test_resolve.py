"""Finding and making tools, with sources that are real but small: a Debian recipe whose packages are not needed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.toolchain.conftest import PlaceScript
from toolchain import ensure, ensure_all, find, make, slots
from toolchain.__main__ import main
from toolchain.errors import UserError
from toolchain.progress import Step
from toolchain.resolve import origin
from toolchain.tool import DebianPackages, Download, OnPath, PartOf, Tool, at_least

AddTool = Callable[[Tool], Tool]
RECIPE = DebianPackages((), lambda root, into: None)


def _example(name: str = "example", **fields: object) -> Tool:
    return Tool(name, "1.2.3", (name,), recipes=(RECIPE,), **fields)  # type: ignore[arg-type]


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Stands in for the sources: every tool takes a moment to make; the list tells which were made."""
    names: list[str] = []

    def follow(tool: Tool, recipe: object, work: Path, shown: Step, go: object) -> str:
        time.sleep(0.05)
        (work / tool.files[0]).write_text("tool")
        names.append(tool.name)
        return "a recipe"

    monkeypatch.setattr(make, "_follow", follow)
    return names


def test_makes_a_tool_once(add_tool: AddTool, made: list[str], cache: Path) -> None:
    add_tool(_example())
    assert find("example") is None
    assert ensure("example") == cache / "tools/example/1.2.3/example"
    assert ensure("example") == find("example")
    assert made == ["example"]
    assert origin("example") == "a recipe"


def test_a_second_ensure_is_instant_and_silent(
    add_tool: AddTool, made: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    add_tool(_example())
    ensure("example")
    capsys.readouterr()
    ensure("example")
    assert capsys.readouterr().err == ""


def test_callers_of_a_folder_get_the_folder(add_tool: AddTool, made: list[str], cache: Path) -> None:
    add_tool(_example(is_folder=True))
    assert ensure("example") == cache / "tools/example/1.2.3"


def test_a_fitting_copy_on_path_comes_before_making_one(
    add_tool: AddTool, made: list[str], place_script: PlaceScript
) -> None:
    script = place_script("example", "echo 1.2.9")
    add_tool(_example(on_path=OnPath(at_least((1, 2), (1, 3)))))
    assert ensure("example") == script
    assert origin("example") == "on PATH"
    assert made == []


def test_an_unreachable_vendor_leads_to_the_recipe(
    add_tool: AddTool, made: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    closed = "http://127.0.0.1:1/example"
    add_tool(_example(releases=(Download(closed, closed + ".sha256"),)))
    ensure("example")
    assert made == ["example"]
    assert "no release: 127.0.0.1 cannot be reached" in capsys.readouterr().err


def test_a_part_of_another_tool_is_taken_from_it(
    add_tool: AddTool, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = add_tool(Tool("whole", "1", ("example", "more"), recipes=(), is_folder=True))
    add_tool(Tool("example", "1", ("example",), recipes=(PartOf("whole"),)))
    slots.slot(whole).mkdir(parents=True)
    for name in whole.files:
        (slots.slot(whole) / name).write_text(name)
    assert ensure("example").read_text() == "example"
    assert origin("example") == "part of whole"


def test_threads_that_want_the_same_tool_make_it_once(add_tool: AddTool, made: list[str]) -> None:
    add_tool(_example())
    threads = [threading.Thread(target=ensure, args=("example",)) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert made == ["example"]


def test_a_failure_leaves_nothing_half_made(add_tool: AddTool, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def follow(tool: Tool, recipe: object, work: Path, shown: Step, go: object) -> str:
        (work / "half").write_text("half")
        raise UserError("no way; try another")

    monkeypatch.setattr(make, "_follow", follow)
    add_tool(_example())
    with pytest.raises(UserError, match="no way"):
        ensure("example")
    assert [entry.name for entry in (cache / "tools/example").iterdir()] == [".lock"]


def test_a_recipe_that_gives_too_little_is_refused(add_tool: AddTool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(make, "_follow", lambda *arguments: "a recipe")
    add_tool(_example())
    with pytest.raises(UserError, match="a recipe gave no example"):
        ensure("example")
    assert find("example") is None


KILLED = """
import time
from pathlib import Path
from toolchain import ensure, make
from toolchain.table import TOOLS
from toolchain.tool import DebianPackages, Tool

def follow(tool, recipe, work, shown, go):
    (work / "example").write_text("half")
    print("making", flush=True)
    time.sleep(60)

make._follow = follow
TOOLS["example"] = Tool("example", "1.2.3", ("example",), recipes=(DebianPackages((), print),))
ensure("example")
"""


def test_a_killed_run_leaves_nothing_that_the_next_trips_over(add_tool: AddTool, made: list[str], cache: Path) -> None:
    add_tool(_example())
    run = subprocess.Popen(
        [sys.executable, "-c", KILLED],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd=Path(__file__).parents[2],
        env={**os.environ, "MESH_CACHE": str(cache)},
    )
    with run:
        assert run.stdout is not None
        run.stdout.readline()
        assert find("example") is None
        run.send_signal(signal.SIGKILL)
    assert find("example") is None
    assert ensure("example").read_text() == "tool"
    assert sorted(entry.name for entry in (cache / "tools/example").iterdir()) == [".lock", "1.2.3"]


def test_unknown_names_are_answered_with_the_known_ones() -> None:
    with pytest.raises(UserError, match=r"no tool 'dockr'.*known are: pulumi, .*kind"):
        ensure_all(["dockr"])


def test_the_command_prints_paths_alone(
    add_tool: AddTool, made: list[str], capsys: pytest.CaptureFixture[str], cache: Path
) -> None:
    add_tool(_example())
    assert main(["ensure", "example"]) == 0
    assert capsys.readouterr().out == f"{cache}/tools/example/1.2.3/example\n"


def test_the_command_ends_with_one_line_on_wrong_use(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ensure", "dockr"]) == 1
    assert capsys.readouterr().err.startswith("error: there is no tool 'dockr'")


def test_the_command_lists_every_tool(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert main(["list"]) == 0
    listed = capsys.readouterr().out
    assert "kubernetes                  1.34.4    not here yet" in listed
