"""Images are named by what is in them: the same content, the same name; another content, another name."""

from __future__ import annotations

from pathlib import Path

import pytest

from mesh_stack import recipes
from mesh_stack.content import digest, source_files
from mesh_stack.recipes import BASE, Recipe


@pytest.fixture(autouse=True)
def _no_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recipes, "base_digest", lambda: "b" * 12)


def code(content: str) -> Recipe:
    return Recipe("app", BASE, content, files=dict)


def test_the_tag_follows_content_and_base(monkeypatch: pytest.MonkeyPatch) -> None:
    assert code("one").digest == code("one").digest
    assert code("one").digest != code("two").digest
    before = code("one").digest
    monkeypatch.setattr(recipes, "base_digest", lambda: "c" * 12)
    assert code("one").digest != before


def test_the_tag_follows_how_a_container_runs() -> None:
    as_root = Recipe("app", BASE, "one", files=dict)
    as_user = Recipe("app", BASE, "one", files=dict, user=1000)
    assert as_root.digest != as_user.digest


def test_code_of_meshd_lies_over_its_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    packages, meshd = recipes.recipe("meshd-packages"), recipes.recipe("meshd")
    assert meshd.base == packages.name
    monkeypatch.setattr(recipes, "_code_digest", lambda _: "changed")
    assert recipes.recipe("meshd").digest != meshd.digest
    assert recipes.recipe("meshd-packages").digest == packages.digest


def test_compiled_python_is_no_source(tmp_path: Path) -> None:
    (tmp_path / "__pycache__").mkdir()
    (tmp_path / "__pycache__" / "a.pyc").touch()
    (tmp_path / "a.py").touch()
    assert list(source_files(tmp_path)) == ["a.py"]


def test_a_digest_tells_where_one_part_ends() -> None:
    assert digest("ab", "c") != digest("a", "bc")
