"""The mesh as it is now. Every read can be named by a token, every change says which tokens it touched."""

from collections.abc import Hashable, Iterable
from typing import Any, TypeVar

from meshd.model.tables import Change, Table

T = TypeVar("T")

Token = tuple[Table[Any], str, Hashable]
"""(table, index, value): what a read depended on. Index "" is the primary key, "*" the whole table."""

EXISTING = "#"
"""Before an index's name: which values it has, whatever rows are behind them."""


class Store:
    """Tables with secondary indexes.

    Reads: `get` one by key, `find` by an index, `all`, and the `values` of an index. Results of `find` and `all` are
    ordered by key.
    """

    def __init__(self) -> None:
        self._rows: dict[Table[Any], dict[str, Any]] = {}
        self._indexes: dict[Token, dict[str, None]] = {}
        self._values: dict[tuple[Table[Any], str], dict[Hashable, None]] = {}

    def get(self, table: Table[T], key: str) -> T | None:
        return self._rows.get(table, {}).get(key)

    def find(self, table: Table[T], index: str, value: Hashable) -> tuple[T, ...]:
        rows = self._rows.get(table, {})
        return tuple(rows[key] for key in sorted(self._indexes.get((table, index, value), ())))

    def all(self, table: Table[T]) -> tuple[T, ...]:
        rows = self._rows.get(table, {})
        return tuple(rows[key] for key in sorted(rows))

    def values(self, table: Table[T], index: str) -> tuple[Hashable, ...]:
        """The values by which some row is found."""
        return tuple(self._values.get((table, index), ()))

    def apply(self, changes: Iterable[Change]) -> set[Token]:
        """Apply `changes` in order and return the tokens of all reads they can have altered."""
        touched: set[Token] = set()
        turned: set[Token] = set()
        for table, key, value in changes:
            rows = self._rows.setdefault(table, {})
            old = rows.get(key)
            if old == value:
                continue
            if value is None:
                rows.pop(key, None)
            else:
                rows[key] = value
            before, after = _index_tokens(table, old), _index_tokens(table, value)
            self._unindex(before.keys() - after.keys(), key, turned)
            self._index(after.keys() - before.keys(), key, turned)
            touched.update(before, after, ((table, "", key), (table, "*", "")))
        touched.update((table, f"{EXISTING}{index}", "") for table, index, _ in turned)
        return touched

    def _index(self, tokens: Iterable[Token], key: str, turned: set[Token]) -> None:
        """`turned` are index values that came or went: one that does both has done neither."""
        for token in tokens:
            entry = self._indexes.get(token)
            if entry is None:
                entry = self._indexes[token] = {}
                self._values.setdefault(token[:2], {})[token[2]] = None
                turned ^= {token}
            entry[key] = None

    def _unindex(self, tokens: Iterable[Token], key: str, turned: set[Token]) -> None:
        for token in tokens:
            entry = self._indexes[token]
            del entry[key]
            if not entry:
                del self._indexes[token], self._values[token[:2]][token[2]]
                turned ^= {token}


def _index_tokens(table: Table[Any], row: Any) -> dict[Token, None]:
    if row is None:
        return {}
    return {(table, index, item): None for index, function in table.indexes.items() for item in function(row)}
