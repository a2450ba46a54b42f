"""What was delivered of one kind, so that each event becomes just the rows that differ."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import Any

import msgspec

from meshd.ingest.api_server import Event
from meshd.ingest.kind import Rejected, WatchedKind
from meshd.ingest.measures import EVENTS, REJECTED
from meshd.model.tables import Change, Table

log = logging.getLogger(__name__)

RowKey = tuple[Table[Any], str]


class _Metadata(msgspec.Struct, frozen=True, rename="camel"):
    name: str = ""
    namespace: str = ""
    resource_version: str = ""
    uid: str = ""
    generation: int = 0
    labels: dict[str, str] | None = None
    annotations: dict[str, str] | None = None

    @property
    def mark(self) -> int | None:
        """Another one whenever something other than the status was written; None where it cannot be told."""
        if not (self.uid and self.generation):
            return None
        written = (frozenset((each or {}).items()) for each in (self.labels, self.annotations))
        return hash((self.uid, self.generation, *written))


class _Head(msgspec.Struct, frozen=True):
    metadata: _Metadata


_HEAD = msgspec.json.Decoder(_Head)


class Known:
    """Rows by object. An object that is rejected keeps its last good rows."""

    def __init__(self, kind: WatchedKind) -> None:
        self._kind = kind
        self._rows: dict[str, dict[RowKey, Any]] = {}
        self._rejected: set[str] = set()
        self._marks: dict[str, int | None] = {}
        self._events = EVENTS.labels(kind.name)

    def replace(self, objects: Iterable[msgspec.Raw]) -> list[Change]:
        """Changes from what is known to exactly these objects."""
        changes: list[Change] = []
        listed: set[str] = set()
        for raw in objects:
            metadata = _HEAD.decode(raw).metadata
            key = f"{metadata.namespace}/{metadata.name}"
            listed.add(key)
            self._put(key, metadata, raw, changes)
        for key in (self._rows.keys() | self._rejected | self._marks.keys()) - listed:
            self._remove(key, changes)
        return changes

    def apply(self, event: Event, changes: list[Change]) -> str:
        """Append to `changes` what the event changes; return the resource version it brings."""
        metadata = _HEAD.decode(event.object).metadata
        key = f"{metadata.namespace}/{metadata.name}"
        if event.type == "DELETED":
            self._remove(key, changes)
        elif event.type != "BOOKMARK":
            self._put(key, metadata, event.object, changes)
        self._events.inc()
        return metadata.resource_version

    def _put(self, key: str, metadata: _Metadata, raw: msgspec.Raw, changes: list[Change]) -> None:
        if self._kind.spec_only:
            mark = metadata.mark
            if mark is not None and self._marks.get(key) == mark:
                return
            self._marks[key] = mark
        try:
            rows = self._kind.rows(bytes(raw))
        except Exception as error:  # whatever one object causes, the others of its kind go on
            self._reject(key, error)
            return
        if key in self._rejected:
            self._rejected.discard(key)
            REJECTED.labels(self._kind.name).dec()
        old = self._rows.get(key, {})
        new = {(table, row_key): value for table, row_key, value in rows}
        changes.extend((*row, None) for row in old if row not in new)
        changes.extend((*row, value) for row, value in new.items() if old.get(row) != value)
        if new:
            self._rows[key] = new
        else:
            self._rows.pop(key, None)

    def _remove(self, key: str, changes: list[Change]) -> None:
        self._marks.pop(key, None)
        if key in self._rejected:
            self._rejected.discard(key)
            REJECTED.labels(self._kind.name).dec()
        changes.extend((*row, None) for row in self._rows.pop(key, {}))

    def _reject(self, key: str, error: Exception) -> None:
        if key not in self._rejected:
            self._rejected.add(key)
            REJECTED.labels(self._kind.name).inc()
        kept = "keeping its last good state" if key in self._rows else "it has no effect"
        name = f"{self._kind.name} {key.removeprefix('/')}"
        if isinstance(error, Rejected | msgspec.DecodeError):
            text = str(error).removeprefix(f"{name}: ")
            log.error("%s: %s; %s", name, text, kept)
        else:
            log.error("%s: cannot be translated; %s", name, kept, exc_info=error)
