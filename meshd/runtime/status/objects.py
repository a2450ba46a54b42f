"""The objects whose status is written: every kind of the API, whether or not the model has rows for it.

The leader watches them for itself. What makes rows of them is not slowed by it, and a replica that does not lead has
no work with statuses at all.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import msgspec

from meshd.api.decode import DecodeError, decode
from meshd.api.kinds import KINDS, Kind
from meshd.api.support import is_supported, unsupported
from meshd.api.validate import errors_of
from meshd.ingest.kind import Rows, WatchedKind
from meshd.model.tables import Table
from meshd.runtime.status.condition import Condition, Status

OBJECTS: Table[WrittenObject] = Table("objects")


@dataclass(frozen=True, slots=True)
class WrittenObject:
    """An object as it was last written. Equal to another one when neither its spec nor its conditions differ."""

    kind: Kind
    namespace: str
    name: str
    uid: str
    generation: int
    conditions: tuple[Condition, ...]
    raw: bytes = field(compare=False, repr=False)

    def __str__(self) -> str:
        return f"{self.kind.kind} {self.namespace}/{self.name}"

    @property
    def version(self) -> tuple[str, int]:
        """Another one for each spec that was written."""
        return self.uid, self.generation


@dataclass(frozen=True, slots=True)
class Judgement:
    """What is to be said of an object by itself: why it is left out (or ""), and what in it has no effect."""

    error: str = ""
    without_effect: tuple[str, ...] = ()
    supported: bool = True
    """False for a kind that has no effect as a whole."""


class _Metadata(msgspec.Struct, frozen=True):
    name: str = ""
    namespace: str = ""
    uid: str = ""
    generation: int = 0


class _Head(msgspec.Struct, frozen=True):
    metadata: _Metadata
    status: Status = Status()


class _HeadWithoutStatus(msgspec.Struct, frozen=True):
    metadata: _Metadata


_HEAD = msgspec.json.Decoder(_Head)
_HEAD_WITHOUT_STATUS = msgspec.json.Decoder(_HeadWithoutStatus)


def watched() -> Iterator[WatchedKind]:
    for kind in KINDS:
        yield WatchedKind(f"{kind.kind} for its status", kind.path(), _Rows(kind))


@dataclass(frozen=True, slots=True)
class _Rows:
    kind: Kind

    def __call__(self, raw: bytes) -> Rows:
        metadata, conditions = _read(raw)
        row = WrittenObject(
            self.kind, metadata.namespace, metadata.name, metadata.uid, metadata.generation, conditions, raw
        )
        return ((OBJECTS, str(row), row),)


def _read(raw: bytes) -> tuple[_Metadata, tuple[Condition, ...]]:
    """A status in a shape that is not ours (anyone may write one) counts as none."""
    try:
        head = _HEAD.decode(raw)
    except msgspec.ValidationError:
        return _HEAD_WITHOUT_STATUS.decode(raw).metadata, ()
    return head.metadata, head.status.conditions


def judge(written: WrittenObject) -> Judgement:
    """Decode and validate as ingest does."""
    try:
        istio_object = decode(written.raw)
        errors = "; ".join(map(str, errors_of(istio_object)))
        without_effect = tuple(map(str, unsupported(istio_object)))
    except DecodeError as error:
        return Judgement("; ".join(map(str, error.problems)))
    except Exception as error:  # whatever one object causes, the statuses of the others go on
        return Judgement(f"cannot be read: {error!r}")
    return Judgement(errors, without_effect, is_supported(written.kind.kind))
