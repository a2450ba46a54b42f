"""Pages point to what exists, and speak of no machine but the reader's."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.docs.pages import PAGES, REPOSITORY

ROOMS = "clusters|conformance|docs|examples|loadtests|mesh_stack|meshd|tests|toolchain"

each_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(REPOSITORY)))


@each_page
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", page.read_text()):
        assert target.startswith("https://") or (page.parent / target).exists(), target


@each_page
def test_files_that_are_named_exist(page: Path) -> None:
    for name in re.findall(rf"`((?:{ROOMS})/[\w./-]+)`", page.read_text()):
        assert (REPOSITORY / name).exists(), name


@each_page
def test_no_path_of_a_machine_is_named(page: Path) -> None:
    assert not re.search(r"(?<![\w.~])/(root|home|work|Users)/", page.read_text())


def test_every_page_is_in_the_index() -> None:
    for folder in (REPOSITORY / "docs", REPOSITORY / "docs" / "adr"):
        index = (folder / "README.md").read_text()
        for page in folder.glob("*.md"):
            assert page.name == "README.md" or f"]({page.name})" in index, page.name
