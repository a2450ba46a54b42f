"""From text to the parts of an expression: one method for each level of how tightly operators bind."""

from __future__ import annotations

from collections.abc import Callable

from .syntax import Call, Index, Literal, Name, Node, Select
from .tokens import CelError, Token, tokens

__all__ = ["CelError", "parse_cel"]

DEEPEST = 24
"""Brackets within brackets, far below what Envoy's own parser takes."""
_CONSTANTS = {"true": True, "false": False, "null": None}
_RESERVED = frozenset(
    (
        *("as", "break", "const", "continue", "else", "for", "function", "if", "import", "in", "let", "loop"),
        *("package", "namespace", "return", "var", "void", "while"),
    )
)


def parse_cel(expression: str) -> Node:
    """The parts of `expression`. Raises CelError for what is not of the language, or of a part Envoy does not have."""
    parser = _Parser(list(tokens(expression)))
    found = parser.ternary()
    parser.must_be_at_end()
    return found


class _Parser:
    def __init__(self, words: list[Token]) -> None:
        self._words = words
        self._next = 0
        self._depth = 0

    def must_be_at_end(self) -> None:
        if self._word.kind != "end":
            raise self._unexpected()

    def ternary(self) -> Node:
        self._depth += 1
        if self._depth > DEEPEST:
            raise CelError(f"is nested more than {DEEPEST} levels deep")
        condition = self._or()
        if self._takes("?"):
            chosen = self._or()
            self._must_take(":")
            condition = Call("?:", (condition, chosen, self.ternary()))
        self._depth -= 1
        return condition

    def _or(self) -> Node:
        return self._chain(("||",), self._and)

    def _and(self) -> Node:
        return self._chain(("&&",), self._relation)

    def _relation(self) -> Node:
        return self._chain(("==", "!=", "<=", ">=", "<", ">", "in"), self._sum)

    def _sum(self) -> Node:
        return self._chain(("+", "-"), self._product)

    def _product(self) -> Node:
        return self._chain(("*", "/", "%"), self._unary)

    def _chain(self, signs: tuple[str, ...], tighter: Callable[[], Node]) -> Node:
        left = tighter()
        while self._word.kind in ("sign", "name") and self._word.text in signs:
            sign = self._take().text
            left = Call(sign, (left, tighter()))
        return left

    def _unary(self) -> Node:
        signs = []
        while self._word.kind == "sign" and self._word.text in ("!", "-"):
            signs.append(self._take().text)
        if len(set(signs)) > 1 or len(signs) > DEEPEST:
            raise self._unexpected()
        found = self._member()
        for sign in signs:
            found = Call(sign, (found,))
        return found

    def _member(self) -> Node:
        found = self._primary()
        while True:
            if self._takes("."):
                name = self._take_name()
                found = Call(name, self._arguments(")"), found) if self._takes("(") else Select(found, name)
            elif self._takes("["):
                found = Index(found, self.ternary())
                self._must_take("]")
            else:
                return found

    def _primary(self) -> Node:
        word = self._word
        if word.kind == "end" or (word.kind == "name" and word.text in _RESERVED):
            raise self._unexpected()
        self._take()
        match word.kind:
            case "string":
                return Literal(word.text)
            case "integer":
                return Literal(_integer(word.text))
            case "float":
                return Literal(float(word.text))
            case "name" if word.text in _CONSTANTS:
                return Literal(_CONSTANTS[word.text])
            case "name":
                return Call(word.text, self._arguments(")")) if self._takes("(") else Name(word.text)
            case "sign" if word.text == "(":
                inner = self.ternary()
                self._must_take(")")
                return inner
            case "sign" if word.text == "[":
                return Call("[]", self._arguments("]"))
        raise self._unexpected(word=word)

    def _arguments(self, end: str) -> tuple[Node, ...]:
        found: list[Node] = []
        while not self._takes(end):
            if found:
                self._must_take(",")
            found.append(self.ternary())
        return tuple(found)

    @property
    def _word(self) -> Token:
        return self._words[self._next]

    def _take(self) -> Token:
        word = self._word
        self._next = min(self._next + 1, len(self._words) - 1)
        return word

    def _takes(self, sign: str) -> bool:
        if self._word.kind == "sign" and self._word.text == sign:
            self._take()
            return True
        return False

    def _must_take(self, sign: str) -> None:
        if not self._takes(sign):
            raise self._unexpected(f' instead of "{sign}"')

    def _take_name(self) -> str:
        if self._word.kind != "name" or self._word.text in _RESERVED:
            raise self._unexpected()
        return self._take().text

    def _unexpected(self, expected: str = "", word: Token | None = None) -> CelError:
        word = word or self._word
        what = "the end" if word.kind == "end" else f'"{word.text}"'
        return CelError(f"has {what} at character {word.place + 1}{expected}")


def _integer(text: str) -> int:
    value = int(text, 16 if text.startswith("0x") else 10)
    if value >= 2**63:
        raise CelError(f"has the number {text}, which is too large")
    return value
