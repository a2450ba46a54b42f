"""Images are named by what is in them: the same content gives the same name, any other content another one."""

from __future__ import annotations

import io
import json
import os
import tarfile
from dataclasses import replace
from pathlib import Path

import pytest

from clusters.docker import Engine
from clusters.images import Entry, ImageConfig, _add, _entries, content_hash, dockerfile

CONFIG = ImageConfig(entrypoint=("python3", "-m", "shop"), user="1337:1337", env={"B": "two words", "A": "$1"})
ENTRIES = [Entry("/app/a.py", b"a"), Entry("/app/b.py", b"b")]
BASE = "mesh-stack/base:1"


def test_same_content_has_the_same_name() -> None:
    again = [Entry("/app/a.py", b"a"), Entry("/app/b.py", b"b")]
    reordered = replace(CONFIG, env={"A": "$1", "B": "two words"})
    assert content_hash(again, BASE, reordered) == content_hash(ENTRIES, BASE, CONFIG)


@pytest.mark.parametrize(
    "entries",
    [
        [Entry("/app/a.py", b"a"), Entry("/app/b.py", b"c")],
        [Entry("/app/a.py", b"a"), Entry("/app/c.py", b"b")],
        [Entry("/app/a.py", b"a"), Entry("/app/b.py", b"b", executable=True)],
        [Entry("/app/a.py", b"a")],
        [Entry("/app/a.py", b"a"), Entry("/app/b.py", b"b"), Entry("/app/c.py", b"")],
        [Entry("/app/a.py", b"ab"), Entry("/app/b.py", b"")],
    ],
)
def test_other_content_has_another_name(entries: list[Entry]) -> None:
    assert content_hash(entries, BASE, CONFIG) != content_hash(ENTRIES, BASE, CONFIG)


@pytest.mark.parametrize(
    "config",
    [
        replace(CONFIG, entrypoint=("python3", "-m shop")),
        replace(CONFIG, user="0"),
        replace(CONFIG, env={"A": "$1"}),
        replace(CONFIG, workdir="/app"),
        replace(CONFIG, compile_python=("/app",)),
    ],
)
def test_other_settings_have_another_name(config: ImageConfig) -> None:
    assert content_hash(ENTRIES, BASE, config) != content_hash(ENTRIES, BASE, CONFIG)


def test_other_base_has_another_name() -> None:
    assert content_hash(ENTRIES, "mesh-stack/base:2", CONFIG) != content_hash(ENTRIES, BASE, CONFIG)


def test_link_and_file_of_the_same_text_differ(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("target")
    link, file = Entry("/x", tmp_path / "link"), Entry("/x", b"target")
    assert content_hash([link], BASE, CONFIG) != content_hash([file], BASE, CONFIG)


def test_time_and_place_of_a_file_do_not_matter(tmp_path: Path) -> None:
    for name in ("one", "other"):
        (tmp_path / name).write_bytes(b"same")
    os.utime(tmp_path / "one", (0, 0))
    one, other = ([Entry("/x", tmp_path / name)] for name in ("one", "other"))
    assert content_hash(one, BASE, CONFIG) == content_hash(other, BASE, CONFIG)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A package with what lies about in one: a program, links, compiled Python."""
    package = tmp_path / "package"
    (package / "inner/__pycache__").mkdir(parents=True)
    (package / "inner/__pycache__/code.pyc").write_bytes(b"compiled")
    (package / "inner/code.py").write_bytes(b"code")
    (package / "run").write_bytes(b"#!/bin/sh")
    (package / "run").chmod(0o755)
    (package / "link").symlink_to("inner/code.py")
    (package / "linked-folder").symlink_to("inner")
    return package


def test_folder_is_taken_whole_without_compiled_python(folder: Path) -> None:
    found = {entry.path: (entry.link, entry.executable) for entry in _entries({"/app/": folder, "/x": b"bytes"})}
    assert found == {
        "/app/inner/code.py": (None, False),
        "/app/run": (None, True),
        "/app/link": ("inner/code.py", False),
        "/app/linked-folder": ("inner", False),
        "/x": (None, False),
    }


def test_context_holds_files_links_and_modes(folder: Path) -> None:
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w|") as tar:
        for entry in _entries({"/app": folder}):
            _add(tar, entry)
    content.seek(0)
    with tarfile.open(fileobj=content) as tar:
        members = {member.name.lstrip("/"): member for member in tar}
        code = tar.extractfile(members["app/inner/code.py"])
        assert code
        assert code.read() == b"code"
    assert (members["app/run"].mode, members["app/inner/code.py"].mode) == (0o755, 0o644)
    assert (members["app/link"].linkname, members["app/link"].issym()) == ("inner/code.py", True)


def test_dockerfile_says_everything_that_was_chosen() -> None:
    config = replace(CONFIG, workdir="/app", compile_python=("/app", "/lib"))
    assert dockerfile(BASE, config).splitlines() == [
        "FROM mesh-stack/base:1",
        "COPY root/ /",
        "RUN python3 -m compileall -q --invalidation-mode unchecked-hash /app /lib",
        r'ENV A="\$1"',
        'ENV B="two words"',
        "WORKDIR /app",
        "USER 1337:1337",
        'ENTRYPOINT ["python3", "-m", "shop"]',
    ]


def test_dockerfile_says_nothing_of_what_was_not() -> None:
    assert dockerfile(BASE, ImageConfig()) == "FROM mesh-stack/base:1\nCOPY root/ /\nWORKDIR /\n"


def test_engine_reads_every_setting_as_it_was_meant(engine: Engine, tmp_path: Path) -> None:
    env = {"A": "$1 ${HOME}", "B": 'two "words"', "C": "back\\slash \\$", "D": "\u00e4", "E": ""}
    config = ImageConfig(entrypoint=("/run", 'two "words"', "$1"), user="1337", env=env, workdir="/app")
    (tmp_path / "root").mkdir()
    (tmp_path / "root/file").write_text("content")
    (tmp_path / "Dockerfile").write_text(dockerfile("scratch", config))
    image = engine.docker("build", "--quiet", tmp_path).strip()
    try:
        made = json.loads(engine.docker("inspect", image))[0]["Config"]
    finally:
        engine.docker("rmi", image)
    assert sorted(line for line in made["Env"] if not line.startswith("PATH=")) == [f"{k}={v}" for k, v in env.items()]
    assert (made["Entrypoint"], made["User"], made["WorkingDir"]) == (list(config.entrypoint), "1337", "/app")
