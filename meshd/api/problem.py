"""One finding about an object, as decoding and validation report it."""

from __future__ import annotations

import re
from collections.abc import Sequence

from msgspec import Struct, json

_PLAIN = re.compile(r"[\w-]*").fullmatch


class Problem(Struct, frozen=True):
    """What is wrong where: `path` as in "spec.http[0].timeout", the value found there, and the way out."""

    path: str
    value: object
    reason: str

    def __str__(self) -> str:
        where = f"{self.path}: " if self.path else ""
        return where + self.reason + ("" if self.value is None else f" (got {show(self.value)})")


def child(path: str, name: str) -> str:
    """The path of a field; a key of a map that is no plain word is quoted."""
    return f"{path}.{name}" if _PLAIN(name) else f'{path}["{name}"]'


def show(value: object, limit: int = 80) -> str:
    """A value as JSON, cut short for a one-line message."""
    try:
        text = json.encode(value).decode()
    except TypeError:
        text = repr(value)
    return text if len(text) <= limit else text[: limit - 1] + "…"


def listing(names: Sequence[str]) -> str:
    """Names for a sentence: "a, b or c"."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} or {names[-1]}"
