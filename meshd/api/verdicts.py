"""The verdict on each field of Istio's API, as a table's rows: read from the structs and from what `support` lists."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache

from msgspec import inspect

from .istio.message import Message
from .kinds import Kind
from .support import SUPPORTED
from .why_not import SAME_IN_ISTIO, WHY_NOT


@dataclass(frozen=True)
class Field:
    """One field: its full name as in SUPPORTED, the message it holds, and the values of an enum."""

    name: str
    message: inspect.StructType | None
    values: tuple[str, ...] = ()


@dataclass(frozen=True)
class Row:
    """One line of a kind's table. `inner` are the fields that share the verdict."""

    field: str
    verdict: str
    inner: tuple[str, ...] = ()
    values: tuple[str, ...] = ()

    def __str__(self) -> str:
        rest = f" and in it {code(self.inner)}" if self.inner else ""
        return f"`{self.field}`{rest} | {self.verdict}"

    @property
    def works(self) -> bool:
        """Whether it, or some value of it, has an effect, and says so itself."""
        return self.verdict.startswith("works")

    @property
    def refers(self) -> bool:
        """Whether another row says it all."""
        return self.verdict.startswith("as `")

    def parts(self, kind: str) -> dict[str, str]:
        """What may be proven one by one, as it is shown: names as in SUPPORTED."""
        name = f"{kind}.{self.field}"
        if self.values:
            return {f"{name}={value}": value for value in self.values}
        return {f"{name}.{field}": field for field in self.inner} or {name: self.field}


def rows(kind: Kind) -> list[Row]:
    """The table of one kind."""
    root = inspect.type_info(kind.spec)
    assert isinstance(root, inspect.StructType)
    return list(_rows(kind.kind, root, {}))


def counts(kind: Kind) -> tuple[int, int, int]:
    """Numbers of fields that work, that do no more in Istio, and that are missing; each message once."""
    found = [0, 0, 0]
    for row in rows(kind):
        if not row.refers:
            place = 0 if row.works else 1 if f"{kind.kind}.{row.field}" in SAME_IN_ISTIO else 2
            found[place] += len(row.inner) or 1
    return found[0], found[1], found[2]


def _rows(owner: str, message: inspect.StructType, seen: dict[object, str]) -> Iterator[Row]:
    """`seen` holds the mixed messages that were shown already, by what they look like, with their place."""
    for field in _fields(owner, message):
        shown = field.name.partition(".")[2]
        state = _state(field)
        if state is not None:
            inner = () if field.message is None else tuple(_names(field.message))
            yield Row(shown, state, inner, tuple(_supported_values(field.name)))
            continue
        assert field.message is not None
        looks = (field.message.cls, tuple(_states(field.name, field.message)))
        if looks in seen:
            yield Row(shown, f"as `{seen[looks]}`")
        else:
            seen[looks] = shown
            yield from _rows(field.name, field.message, seen)


def _state(field: Field) -> str | None:
    """The one verdict on a field and all in it; None when what is in it differs."""
    if field.name in SUPPORTED:
        return "works"
    chosen = _supported_values(field.name)
    if chosen:
        return _some_values(field, chosen)
    return None if _holds_supported(field.name) else _no(field.name)


def _some_values(field: Field, chosen: Sequence[str]) -> str:
    others = [value for value in field.values or _explained_values(field.name) if value not in chosen]
    reasons = {value: _no(f"{field.name}={value}") for value in others}
    rest = [f"{no} ({code(v for v in others if reasons[v] == no)})" for no in dict.fromkeys(reasons.values())]
    return "; ".join((f"works: {code(chosen)}", *(rest or ["not yet: all others"])))


def _explained_values(name: str) -> list[str]:
    """Of a field that is no enum: values that are said to have no effect."""
    return [entry.removeprefix(f"{name}=") for entry in WHY_NOT if entry.startswith(f"{name}=")]


def _no(name: str) -> str:
    return f"no: {WHY_NOT[name]}" if name in WHY_NOT else "not yet"


def _supported_values(name: str) -> list[str]:
    prefix = f"{name}="
    return sorted(entry.removeprefix(prefix) for entry in SUPPORTED if entry.startswith(prefix))


def _holds_supported(name: str) -> bool:
    return any(entry.startswith(f"{name}.") for entry in SUPPORTED)


def _states(owner: str, message: inspect.StructType) -> Iterator[tuple[str, str | None]]:
    """(field, verdict) for the whole tree of a message, names counted from it."""
    for field in _fields(owner, message):
        state = _state(field)
        yield field.name.removeprefix(owner), state
        if state is None and field.message is not None:
            for inner, verdict in _states(field.name, field.message):
                yield f"{field.name.removeprefix(owner)}{inner}", verdict


def _names(message: inspect.StructType) -> Iterator[str]:
    """Every field in a message, with those of its messages: "headers.request.set"."""
    for field in _fields("", message):
        name = field.name.removeprefix(".")
        if field.message is None:
            yield name
        else:
            yield from (f"{name}.{inner}" for inner in _names(field.message))


def _fields(owner: str, message: inspect.StructType) -> Iterator[Field]:
    for field in message.fields:
        held = _held(field.type)
        name = f"{owner}.{field.encode_name}"
        if isinstance(held, inspect.StructType):
            yield Field(name, _type_info(held.cls))
        else:
            values = held.values if isinstance(held, inspect.LiteralType) else ()
            yield Field(name, None, tuple(str(value) for value in values))


def _held(kind: inspect.Type) -> inspect.Type:
    """What a list, a map or an optional field holds."""
    if isinstance(kind, inspect.UnionType):
        return _held(next(one for one in kind.types if not isinstance(one, inspect.NoneType)))
    if isinstance(kind, inspect.VarTupleType):
        return _held(kind.item_type)
    return _held(kind.value_type) if isinstance(kind, inspect.DictType) else kind


@cache
def _type_info(message: type[Message]) -> inspect.StructType:
    found = inspect.type_info(message)
    assert isinstance(found, inspect.StructType)
    return found


def code(words: Iterable[str]) -> str:
    return ", ".join(f"`{word}`" for word in words)
