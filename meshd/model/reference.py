"""The name of a configuration object, carried along to tell people which object caused what."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol, TypeVar


@dataclass(frozen=True, slots=True, order=True)
class ObjectRef:
    """For instance `VirtualService shop/reviews`."""

    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind} {self.namespace}/{self.name}"

    @property
    def key(self) -> str:
        return f"{self.namespace}/{self.name}"


class Dated(Protocol):
    """A row of an object with its time of creation."""

    @property
    def ref(self) -> ObjectRef: ...

    @property
    def created(self) -> str: ...


Row = TypeVar("Row", bound=Dated)


def oldest_first(rows: Iterable[Row]) -> list[Row]:
    """In the order in which several objects for the same thing count, those of one second by their names."""
    return sorted(rows, key=lambda row: (row.created, row.ref))
