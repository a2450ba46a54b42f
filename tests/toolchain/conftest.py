"""A cache folder and a PATH of the test's own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from toolchain.sources import reach
from toolchain.table import TOOLS
from toolchain.tool import Tool

PlaceScript = Callable[..., Path]


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "cache"
    monkeypatch.setenv("MESH_CACHE", str(folder))
    return folder


@pytest.fixture(autouse=True)
def fresh_verdicts() -> Iterator[None]:
    reach._verdicts.clear()
    yield
    reach._verdicts.clear()


@pytest.fixture
def place_script(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> PlaceScript:
    """Puts a shell script of some name first on PATH."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")

    def place(name: str, body: str, where: Path = folder) -> Path:
        where.mkdir(exist_ok=True)
        script = where / name
        script.write_text(f"#!/bin/sh\n{body}\n")
        script.chmod(0o755)
        return script

    return place


@pytest.fixture
def add_tool(monkeypatch: pytest.MonkeyPatch) -> Callable[[Tool], Tool]:
    """Adds a tool to the table for one test."""

    def add(tool: Tool) -> Tool:
        monkeypatch.setitem(TOOLS, tool.name, tool)
        return tool

    return add
