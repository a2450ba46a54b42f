"""Why a value does not have a message's shape: all findings, each with its path and the way out."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from functools import cache
from typing import Any

from msgspec import inspect

from .istio.message import DURATION_PATTERN, Message
from .problem import Problem, child, listing


def diagnose(message: type[Message], data: object, path: str) -> tuple[Problem, ...]:
    """Every place where `data`, as read from JSON, does not fit `message`; empty when it fits."""
    return tuple(_check(_type_info(message), data, path))


@cache
def _type_info(message: type[Message]) -> inspect.Type:
    return inspect.type_info(message)


def _check(expected: inspect.Type, data: Any, path: str) -> Iterator[Problem]:
    match expected:
        case inspect.UnionType(types=types):
            if data is not None:
                yield from _check(next(t for t in types if not isinstance(t, inspect.NoneType)), data, path)
        case inspect.StructType():
            yield from _check_struct(expected, data, path)
        case inspect.VarTupleType(item_type=item):
            if not isinstance(data, list | tuple):
                yield _wrong_type("a list", data, path)
                return
            for index, value in enumerate(data):
                yield from _check(item, value, f"{path}[{index}]")
        case inspect.DictType():
            yield from _check_map(expected, data, path)
        case inspect.LiteralType(values=values):
            if data not in values:
                yield Problem(path, data, f"must be {listing([str(value) for value in values])}")
        case inspect.StrType():
            yield from _check_string(expected, data, path)
        case inspect.BoolType():
            if not isinstance(data, bool):
                yield _wrong_type("true or false", data, path)
        case inspect.IntType() | inspect.FloatType():
            yield from _check_number(expected, data, path)
        case _:
            raise TypeError(f"no message of the API holds a {expected}")


def _check_struct(expected: inspect.StructType, data: Any, path: str) -> Iterator[Problem]:
    if not isinstance(data, Mapping):
        yield _wrong_type("an object", data, path)
        return
    fields = {f.encode_name: f for f in expected.fields}
    for name, value in data.items():
        if name in fields:
            yield from _check(fields[name].type, value, child(path, name))
        else:
            yield Problem(child(path, str(name)), None, _unknown_field(str(name), list(fields)))
    for name, known in fields.items():
        if known.required and name not in data:
            yield Problem(child(path, name), None, "is required")


def _unknown_field(name: str, known: list[str]) -> str:
    by_lower = {k.lower(): k for k in known}
    plain = name.replace("_", "").lower()
    close = [by_lower[plain]] if plain in by_lower else get_close_matches(name, known, n=1, cutoff=0.6)
    if close:
        return f"unknown field; did you mean {close[0]}?"
    return f"unknown field; known here are {', '.join(sorted(known))}"


def _check_map(expected: inspect.DictType, data: Any, path: str) -> Iterator[Problem]:
    if not isinstance(data, Mapping):
        yield _wrong_type("an object", data, path)
        return
    for key, value in data.items():
        if isinstance(expected.key_type, inspect.IntType):
            if not str(key).isdecimal():
                yield Problem(path, key, "each key must be a number")
            else:
                yield from _check_number(expected.key_type, int(key), child(path, str(key)))
        yield from _check(expected.value_type, value, child(path, str(key)))


def _check_string(expected: inspect.StrType, data: Any, path: str) -> Iterator[Problem]:
    if not isinstance(data, str):
        yield _wrong_type("a string", data, path)
    elif expected.pattern == DURATION_PATTERN and not re.search(DURATION_PATTERN, data):
        yield Problem(path, data, 'must be a duration such as "1.5s", "100ms" or "1h30m"')
    elif expected.pattern is not None and not re.search(expected.pattern, data):
        yield Problem(path, data, f"must match {expected.pattern}")
    elif len(data) < (expected.min_length or 0):
        yield Problem(path, data, "must not be empty")
    elif expected.max_length is not None and len(data) > expected.max_length:
        yield Problem(path, data, f"must have at most {expected.max_length} characters")


def _check_number(expected: inspect.IntType | inspect.FloatType, data: Any, path: str) -> Iterator[Problem]:
    whole = isinstance(expected, inspect.IntType)
    if isinstance(data, bool) or not isinstance(data, int | float):
        yield _wrong_type("a whole number" if whole else "a number", data, path)
    elif whole and isinstance(data, float):
        yield Problem(path, data, "must be a whole number, written without a point")
    elif expected.ge is not None and data < expected.ge:
        yield Problem(path, data, f"must be {expected.ge} or more")
    elif expected.le is not None and data > expected.le:
        yield Problem(path, data, f"must be {expected.le} or less")


def _wrong_type(expected: str, data: Any, path: str) -> Problem:
    if data is None:
        return Problem(path, None, f"is empty; give it {expected} or leave the field out")
    if isinstance(data, str) and "number" in expected:
        return Problem(path, data, f"must be {expected}, without quotes")
    if expected == "a string" and isinstance(data, bool | int | float):
        return Problem(path, data, "must be a string: put it in quotes")
    return Problem(path, data, f"must be {expected}")
