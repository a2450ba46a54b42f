"""The tree of a spec: which fields an author set, and every message in it with its path."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from msgspec import structs

from .istio.message import Message
from .problem import child

_MAY_HOLD = (Message, tuple, dict)


def set_fields(message: Message) -> Iterator[tuple[str, object]]:
    """The JSON name and value of each field that differs from its default."""
    for name, encode_name, default in _fields(type(message)):
        value = getattr(message, name)
        if value != default:
            yield encode_name, value


@cache
def _fields(message: type[Message]) -> tuple[tuple[str, str, object], ...]:
    return tuple(
        (
            field.name,
            field.encode_name,
            field.default_factory() if callable(field.default_factory) else field.default,
        )
        for field in structs.fields(message)
    )


def messages(value: object, path: str) -> Iterator[tuple[str, Message, dict[str, object]]]:
    """Every message in a field's value (or a spec itself) with its path and its `set_fields`, outer ones first."""
    for place, message in nearest_messages(value, path):
        present = dict(set_fields(message))
        yield place, message, present
        for name, inner in present.items():
            if isinstance(inner, _MAY_HOLD):
                yield from messages(inner, child(place, name))


def nearest_messages(value: object, path: str) -> Iterator[tuple[str, Message]]:
    """The messages a field's value is or holds, not those inside them."""
    if isinstance(value, Message):
        yield path, value
    elif isinstance(value, tuple):
        for index, item in enumerate(value):
            yield from nearest_messages(item, f"{path}[{index}]")
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from nearest_messages(item, child(path, str(key)))
