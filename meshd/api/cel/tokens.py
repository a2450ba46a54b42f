"""An expression's words."""

from __future__ import annotations

import re
from collections.abc import Iterator

from msgspec import Struct

LONGEST = 1000
"""Characters of an expression. Envoy's own limits are on the depth of what it reads, and far above."""

_TOKEN = re.compile(
    r"""(?P<space>[ \t\r\n]+)
    |(?P<string>"(?:[^"\\\r\n]|\\.)*"|'(?:[^'\\\r\n]|\\.)*')
    |(?P<float>[0-9]+\.[0-9]+(?:[eE][+-]?[0-9]+)?|[0-9]+[eE][+-]?[0-9]+)
    |(?P<integer>0x[0-9a-fA-F]+|[0-9]+)
    |(?P<name>[A-Za-z_][A-Za-z0-9_]*)
    |(?P<sign>&&|\|\||[=!<>]=|[-+*/%<>!?:.,()\[\]])
    """,
    re.VERBOSE,
)
_ESCAPE = re.compile(r"\\(?:([nrt\\'\"`?abfv])|x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|(.))", re.DOTALL)
_PLAIN = {"n": "\n", "r": "\r", "t": "\t", "a": "\a", "b": "\b", "f": "\f", "v": "\v"}


class CelError(Exception):
    """Why an expression cannot be used, as the second half of a sentence about it."""


class Token(Struct, frozen=True):
    """`kind` is string, float, integer, name, sign, or end. `text` of a string is what it stands for."""

    kind: str
    text: str
    place: int


def tokens(expression: str) -> Iterator[Token]:
    """The words of `expression`, with one of kind "end" after them. Raises CelError."""
    if len(expression) > LONGEST:
        raise CelError(f"is longer than {LONGEST} characters")
    place = 0
    while place < len(expression):
        found = _TOKEN.match(expression, place)
        if found is None:
            raise CelError(f"cannot be read from character {place + 1} on")
        kind, text = str(found.lastgroup), found.group()
        if kind != "space":
            yield Token(kind, _unescape(text[1:-1]) if kind == "string" else text, place)
        place = found.end()
    yield Token("end", "", place)


def _unescape(text: str) -> str:
    return _ESCAPE.sub(_character, text)


def _character(found: re.Match[str]) -> str:
    plain, byte, code, unknown = found.groups()
    if unknown is not None:
        raise CelError(f"has the unknown escape \\{unknown}")
    made = _PLAIN.get(plain, plain) if plain else chr(int(byte or code, 16))
    if "\ud800" <= made <= "\udfff":
        raise CelError(f"has the escape {found.group()}, which is no character")
    return made
