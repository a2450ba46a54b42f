"""Rules that hold for every message: oneofs, and durations of at least a millisecond."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from msgspec import inspect

from meshd.api.istio.connection_pool import TCPSettings
from meshd.api.istio.message import DURATION_PATTERN, Message, seconds
from meshd.api.istio.oneofs import ONEOFS
from meshd.api.problem import Problem, child, listing
from meshd.api.walk import messages

_MAY_BE_ZERO = {(TCPSettings, "idleTimeout")}  # zero turns the timeout off


def check_structure(spec: Message) -> Iterator[Problem]:
    """Errors of any message in `spec` that need no knowledge of its kind."""
    for path, message, present in messages(spec, "spec"):
        for oneof in ONEOFS.get(type(message), ()):
            chosen = [name for name in oneof if name in present]
            if len(chosen) > 1:
                yield Problem(path, None, f"only one of {listing(chosen)} may be set")
        for name in _durations(type(message)):
            if name in present:
                yield from _check_duration(message, name, str(present[name]), child(path, name))


LONGEST = 315_576_000_000
"""Seconds that a duration on the wire can have (google/protobuf/duration.proto)."""


def _check_duration(message: Message, name: str, value: str, path: str) -> Iterator[Problem]:
    milliseconds = seconds(value) * 1e3
    if milliseconds == 0 and (type(message), name) in _MAY_BE_ZERO:
        return
    if milliseconds > LONGEST * 1e3:
        yield Problem(path, value, "is longer than 10,000 years; leave it out for no limit")
    elif milliseconds < 1:
        yield Problem(path, value, "must be 1ms or more; leave it out for no limit")
    elif abs(milliseconds - round(milliseconds)) > 1e-6:
        yield Problem(path, value, "must be whole milliseconds")


@cache
def _durations(message: type[Message]) -> tuple[str, ...]:
    info = inspect.type_info(message)
    assert isinstance(info, inspect.StructType)
    return tuple(field.encode_name for field in info.fields if _is_duration(field.type))


def _is_duration(type_: inspect.Type) -> bool:
    if isinstance(type_, inspect.UnionType):
        return any(_is_duration(member) for member in type_.types)
    return isinstance(type_, inspect.StrType) and type_.pattern == DURATION_PATTERN
