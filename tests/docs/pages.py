"""Reads the documentation: its files, fenced blocks and tables."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
DOCS = REPOSITORY / "docs"
PAGES = [REPOSITORY / "README.md", *sorted(DOCS.rglob("*.md"))]

_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Block:
    """A fenced block: its language ("" when none is said) and its text."""

    page: str
    line: int
    language: str
    text: str

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


def blocks(path: Path, *languages: str) -> list[Block]:
    """The fenced blocks of a page in these languages (all when none is named)."""
    text = path.read_text()
    found = []
    for match in _FENCE.finditer(text):
        line = text.count("\n", 0, match.start()) + 1
        found.append(Block(path.name, line, match[1], match[2]))
    return [block for block in found if not languages or block.language in languages]


def section(path: Path, title: str) -> str:
    """The text below a heading, up to the next heading."""
    _, found, rest = path.read_text().partition(f"\n## {title}\n")
    assert found, f"{path.name} has no section {title}"
    return rest.partition("\n## ")[0]


def first_cells(text: str) -> list[str]:
    """What stands in `code` at the start of each row of the text's tables."""
    return re.findall(r"^\| `([^`]+)`", text, re.MULTILINE)
