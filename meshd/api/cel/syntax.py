"""The parts of an expression."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

Value = str | int | float | bool | None


class Literal(Struct, frozen=True):
    value: Value


class Name(Struct, frozen=True):
    name: str


class Select(Struct, frozen=True):
    """`operand.field`."""

    operand: Node
    field: str


class Index(Struct, frozen=True):
    """`operand[key]`."""

    operand: Node
    key: Node


class Call(Struct, frozen=True):
    """A function, `target.function(…)`, or an operator by its own sign. Lists are calls of "[]"."""

    function: str
    arguments: tuple[Node, ...]
    target: Node | None = None


Node = Literal | Name | Select | Index | Call


def nodes(node: Node) -> Iterator[Node]:
    """`node` and all below it."""
    yield node
    match node:
        case Select(operand=operand):
            yield from nodes(operand)
        case Index(operand=operand, key=key):
            yield from nodes(operand)
            yield from nodes(key)
        case Call(target=target, arguments=arguments):
            if target is not None:
                yield from nodes(target)
            for argument in arguments:
                yield from nodes(argument)


def attribute_of(node: Node) -> tuple[str, str] | None:
    """(name, key) of a node that is one attribute: ("request.host", "") or ("request.headers", "x-user")."""
    match node:
        case Select(operand=Name(name=group), field=field):
            return f"{group}.{field}", ""
        case Index(operand=Select(operand=Name(name=group), field=field), key=Literal(value=str(key))):
            return f"{group}.{field}", key
    return None


def without_string(node: Node) -> Node:
    """What is inside a `string(…)` around all of an expression."""
    match node:
        case Call(function="string", arguments=(inner,), target=None):
            return inner
    return node
