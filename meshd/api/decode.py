"""JSON of the API server to typed objects.

The fast path is msgspec alone, one decoder for each kind made in advance. Only when it refuses is the object
walked again by `diagnose`, which finds every problem with its exact path, where msgspec stops at the first.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import Struct, field

from .diagnose import diagnose
from .istio.message import Message
from .kinds import BY_API_VERSION, KINDS, Kind
from .object import IstioObject, ObjectMeta, describe
from .problem import Problem, listing


class DecodeError(ValueError):
    """An object that does not have the API's shape. `problems` holds every finding, never empty."""

    def __init__(self, object: str, problems: tuple[Problem, ...]) -> None:
        self.object = object
        self.problems = problems
        super().__init__(f"{object}: " + "; ".join(map(str, problems)))

    @property
    def path(self) -> str:
        """The path of the first problem."""
        return self.problems[0].path

    @property
    def value(self) -> object:
        """The value the first problem is about."""
        return self.problems[0].value

    @property
    def reason(self) -> str:
        """What is wrong with it and the way out."""
        return self.problems[0].reason


class _RawHead(Struct, rename="camel"):
    api_version: str = ""
    kind: str = ""
    metadata: ObjectMeta = field(default_factory=ObjectMeta)
    spec: msgspec.Raw = msgspec.Raw(b"{}")


class _Head(Struct, rename="camel"):
    api_version: str = ""
    kind: str = ""
    metadata: ObjectMeta = field(default_factory=ObjectMeta)
    spec: Any = field(default_factory=dict)


_HEAD = msgspec.json.Decoder(_RawHead)
_SPECS: dict[type[Message], msgspec.json.Decoder[Message]] = {
    kind.spec: msgspec.json.Decoder(kind.spec) for kind in KINDS
}


def decode(raw: bytes | Mapping[str, Any]) -> IstioObject[Message]:
    """The object in JSON text or in a mapping made of it; `type(result.spec)` tells its kind apart.

    Raises DecodeError for malformed JSON, an unknown kind, and a spec that is not of the kind's shape.
    """
    head = _head(raw)
    kind = _kind(head)
    try:
        if isinstance(head, _RawHead):
            spec = _SPECS[kind.spec].decode(head.spec)
        else:
            spec = msgspec.convert(head.spec, kind.spec, str_keys=True)
    except msgspec.ValidationError as error:
        data = msgspec.json.decode(head.spec) if isinstance(head, _RawHead) else head.spec
        problems = diagnose(kind.spec, data, "spec") or (Problem("spec", None, str(error)),)
        raise DecodeError(describe(head.kind, head.metadata), problems) from None
    return IstioObject(api_version=head.api_version, kind=head.kind, metadata=head.metadata, spec=spec)


def encode(istio_object: IstioObject[Message]) -> bytes:
    """JSON that `decode` reads back as the same object; fields at their default are left out."""
    return msgspec.json.encode(istio_object)


def _head(raw: bytes | Mapping[str, Any]) -> _RawHead | _Head:
    try:
        return _HEAD.decode(raw) if isinstance(raw, bytes) else msgspec.convert(raw, _Head)
    except msgspec.DecodeError as error:
        raise DecodeError("object", (Problem("", None, _words(error)),)) from None


def _words(error: msgspec.DecodeError) -> str:
    if isinstance(error, msgspec.ValidationError):
        return f"its type or metadata cannot be read: {error}"
    return f"not valid JSON: {error}"


def _kind(head: _RawHead | _Head) -> Kind:
    kind = BY_API_VERSION.get((head.api_version, head.kind))
    if kind is not None:
        return kind
    name = describe(head.kind or "object", head.metadata)
    versions = [api_version for api_version, known in BY_API_VERSION if known == head.kind]
    if versions:
        problem = Problem("apiVersion", head.api_version, f"{head.kind} is served as {listing(versions)}")
    else:
        known = listing(sorted(k.kind for k in KINDS))
        problem = Problem("kind", head.kind, f"not a kind of this mesh; use {known}")
    raise DecodeError(name, (problem,))
