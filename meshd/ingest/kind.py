"""What ingest has to know about a kind to watch it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from meshd.model.tables import Change

Rows = tuple[Change, ...]
"""The rows of the model that one object stands for."""


class Rejected(Exception):
    """An object that cannot be taken as it is; the text names the object, the field and the reason."""


@dataclass(frozen=True, slots=True)
class WatchedKind:
    """`path` lists the kind in all namespaces; `rows` translates the JSON of one object.

    `rows` raises Rejected (or msgspec.DecodeError) for an object that does not make sense.
    """

    name: str
    path: str
    rows: Callable[[bytes], Rows]
    field_selector: str = ""
    spec_only: bool = False
    """The generation changes with whatever `rows` reads but labels and annotations: a written status is passed over."""
