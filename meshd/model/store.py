"""The mesh as it is now. Every read can be named by a token, every change says which tokens it touched."""

from collections.abc import Hashable, Iterable
from typing import Any, TypeVar

from meshd.model.tables import Change, Table

T = TypeVar("T")

Token = tuple[Table[Any], str, Hashable]
"""(table, index, value): what a read depended on. Index "" is the primary key, "*" the whole table."""


class Store:
    """Tables with secondary indexes.

    Reads: `get` one by key, `find` by an index, `all`. Results of `find` and `all` are ordered by key.
    """

    def __init__(self) -> None:
        self._rows: dict[Table[Any], dict[str, Any]] = {}
        self._indexes: dict[Token, dict[str, None]] = {}

    def get(self, table: Table[T], key: str) -> T | None:
        return self._rows.get(table, {}).get(key)

    def find(self, table: Table[T], index: str, value: Hashable) -> tuple[T, ...]:
        rows = self._rows.get(table, {})
        return tuple(rows[key] for key in sorted(self._indexes.get((table, index, value), ())))

    def all(self, table: Table[T]) -> tuple[T, ...]:
        rows = self._rows.get(table, {})
        return tuple(rows[key] for key in sorted(rows))

    def apply(self, changes: Iterable[Change]) -> set[Token]:
        """Apply `changes` in order and return the tokens of all reads they can have altered."""
        touched: set[Token] = set()
        for table, key, value in changes:
            rows = self._rows.setdefault(table, {})
            old = rows.get(key)
            if old == value:
                continue
            self._unindex(table, key, old, touched)
            if value is None:
                rows.pop(key, None)
            else:
                rows[key] = value
                self._index(table, key, value, touched)
            touched.update({(table, "", key), (table, "*", "")})
        return touched

    def _index(self, table: Table[Any], key: str, value: Any, touched: set[Token]) -> None:
        for token in _index_tokens(table, value):
            self._indexes.setdefault(token, {})[key] = None
            touched.add(token)

    def _unindex(self, table: Table[Any], key: str, value: Any, touched: set[Token]) -> None:
        if value is None:
            return
        for token in _index_tokens(table, value):
            entry = self._indexes.get(token, {})
            entry.pop(key, None)
            if not entry:
                self._indexes.pop(token, None)
            touched.add(token)


def _index_tokens(table: Table[Any], value: Any) -> list[Token]:
    return [(table, index, item) for index, function in table.indexes.items() for item in function(value)]
