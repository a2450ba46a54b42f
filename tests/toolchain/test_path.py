from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.toolchain.conftest import PlaceScript
from toolchain.sources import path
from toolchain.tool import OnPath, Tool, at_least, parse_version


def _tool(*files: str, on_path: OnPath | None) -> Tool:
    return Tool("example", "1.5.0", files or ("example",), recipes=(), on_path=on_path)


FITTING = OnPath(at_least((1, 4), (2,)))


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("v3.259.0", (3, 259, 0)),
        ("kind v0.32.0 go1.26.8 linux/amd64", (0, 32, 0)),
        ("envoy  version: 5f1c2a9/1.40.0/Clean/RELEASE/BoringSSL", (1, 40, 0)),
        ("Client Version: v1.32.4-dispatcher", (1, 32, 4)),
        ("CoreDNS-1.14.7", (1, 14, 7)),
        ("Docker version 20.10.24+dfsg1, build 297e128", (20, 10, 24)),
        ("go1.26.8", None),
        ("no number", None),
    ],
)
def test_reads_the_version_that_tools_print(text: str, version: tuple[int, ...] | None) -> None:
    assert parse_version(text) == version


def test_takes_a_fitting_version(place_script: PlaceScript) -> None:
    script = place_script("example", "echo example 1.4.2")
    assert path.locate(_tool(on_path=FITTING)) == script.parent


def test_reads_a_version_printed_on_standard_error(place_script: PlaceScript) -> None:
    place_script("example", "echo example 1.4.2 >&2")
    assert path.locate(_tool(on_path=FITTING)) is not None


@pytest.mark.parametrize("body", ["echo example 1.3.9", "echo example 2.0.0", "echo hello", "echo 1.4.2; exit 1"])
def test_leaves_a_copy_that_does_not_fit(place_script: PlaceScript, body: str) -> None:
    place_script("example", body)
    assert path.locate(_tool(on_path=FITTING)) is None


def test_leaves_a_copy_without_its_companions(place_script: PlaceScript) -> None:
    place_script("example", "echo 1.4.2")
    tool = _tool("example", "example-plugin", on_path=FITTING)
    assert path.locate(tool) is None
    place_script("example-plugin", "true")
    assert path.locate(tool) is not None


def test_follows_a_link_to_the_companions(place_script: PlaceScript, tmp_path: Path) -> None:
    real = place_script("example", "echo 1.4.2", tmp_path / "opt")
    place_script("example-plugin", "true", tmp_path / "opt")
    (tmp_path / "bin" / "example").symlink_to(real)
    assert path.locate(_tool("example", "example-plugin", on_path=FITTING)) == real.parent


def test_takes_no_script_for_an_image(place_script: PlaceScript) -> None:
    place_script("example", "echo 1.4.2")
    native = OnPath(at_least((1, 4), (2,)), kind="native")
    assert path.locate(_tool(on_path=native)) is None


def test_never_takes_a_tool_that_has_no_rule(place_script: PlaceScript) -> None:
    place_script("example", "echo 1.5.0")
    assert path.locate(_tool(on_path=None)) is None


def test_asks_a_binary_only_once(place_script: PlaceScript, tmp_path: Path) -> None:
    place_script("example", f"echo asked >> {tmp_path}/asked; echo 1.4.2")
    for _ in range(3):
        assert path.locate(_tool(on_path=FITTING)) is not None
    assert (tmp_path / "asked").read_text() == "asked\n"


def test_asks_again_when_the_binary_changed(place_script: PlaceScript) -> None:
    place_script("example", "echo 1.4.2")
    assert path.locate(_tool(on_path=FITTING)) is not None
    place_script("example", "echo version 1.3.0")
    assert path.locate(_tool(on_path=FITTING)) is None


def test_tells_scripts_from_programs(place_script: PlaceScript) -> None:
    assert path.binary_kind(place_script("example", "true")) == "script"
    assert path.binary_kind(Path(sys.executable).resolve()) == "native"
