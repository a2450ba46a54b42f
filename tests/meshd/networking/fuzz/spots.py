"""Where a field may be added to an object: every message in it, with the fields that it does not set."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any, NamedTuple

from msgspec import inspect

from meshd.api import KINDS

Path = tuple[str | int, ...]
_SPECS = {kind.kind: kind.spec for kind in KINDS}


class Spot(NamedTuple):
    """A field of the message at `path` of an object's spec."""

    number: int
    """Which of the objects."""
    path: Path
    field: inspect.Field

    @property
    def place(self) -> str:
        """As problems name it."""
        inner = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in self.path)
        return f"spec{inner}.{self.field.encode_name}"

    def filled(self, written: dict[str, Any], value: object) -> dict[str, Any]:
        """The object with the field set."""
        made = copy.deepcopy(written)
        message = made["spec"]
        for part in self.path:
            message = message[part]
        message[self.field.encode_name] = value
        return made


def spots(objects: list[dict[str, Any]]) -> list[Spot]:
    return [
        Spot(number, path, field)
        for number, written in enumerate(objects)
        if written["kind"] in _SPECS
        for path, field in _unset(struct_of(_SPECS[written["kind"]]), written["spec"], ())
    ]


def struct_of(message: type) -> inspect.StructType:
    found = inspect.type_info(message)
    assert isinstance(found, inspect.StructType)
    return found


def _unset(struct: inspect.StructType, written: dict[str, Any], path: Path) -> Iterator[tuple[Path, inspect.Field]]:
    for field in struct.fields:
        if field.encode_name not in written:
            yield path, field
        else:
            yield from _inside(field.type, written[field.encode_name], (*path, field.encode_name))


def _inside(held: inspect.Type, written: Any, path: Path) -> Iterator[tuple[Path, inspect.Field]]:
    match held:
        case inspect.UnionType(types=types):
            yield from _inside(next(one for one in types if not isinstance(one, inspect.NoneType)), written, path)
        case inspect.StructType(cls=cls):
            yield from _unset(struct_of(cls), written, path)
        case inspect.VarTupleType(item_type=item):
            for index, each in enumerate(written):
                yield from _inside(item, each, (*path, index))
        case inspect.DictType(value_type=value):
            for key, each in written.items():
                yield from _inside(value, each, (*path, key))
