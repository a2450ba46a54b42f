"""Incremental computation: a result remembers what it read and is made anew only when that changed.

A *query* is a pure function `fn(read, *args)`. Through `read` it reaches the store and other queries; what it reached
is recorded. After a change only the queries that read what changed are run again, and when one gives an equal value,
those that use it are left alone (early cutoff). Results nobody uses any more are dropped, so memory is bounded by what
is in use. The idea is that of build systems (Mokhov, Mitchell, Peyton Jones: "Build systems à la carte", 2018).
"""

from collections.abc import Callable, Hashable, Iterable
from typing import Any, Concatenate, ParamSpec, TypeVar

from meshd.model.store import EXISTING, Store, Token
from meshd.model.tables import Table

T = TypeVar("T")
P = ParamSpec("P")
NodeKey = tuple[Hashable, ...]


class Node:
    """A query's last result and the edges to what it read and who read it."""

    __slots__ = (
        "changed_at", "dirty", "error", "key", "pins", "ran_at", "stale", "tokens", "used_by", "uses", "value"
    )  # fmt: skip

    def __init__(self, key: NodeKey) -> None:
        self.key = key
        self.value: Any = None
        self.tokens: set[Token] = set()
        self.uses: dict[Node, None] = {}
        self.used_by: set[Node] = set()
        self.error: Exception | None = None
        self.changed_at = self.ran_at = -1
        self.dirty = self.stale = True
        self.pins = 0


class Reader:
    """What a query may read. One reader serves one run of one query."""

    __slots__ = ("_memo", "_node", "_store")

    def __init__(self, memo: "Memo", node: Node) -> None:
        self._memo = memo
        self._node = node
        self._store = memo.store

    def get(self, table: Table[T], key: str) -> T | None:
        self._node.tokens.add((table, "", key))
        return self._store.get(table, key)

    def find(self, table: Table[T], index: str, value: Hashable) -> tuple[T, ...]:
        self._node.tokens.add((table, index, value))
        return self._store.find(table, index, value)

    def all(self, table: Table[T]) -> tuple[T, ...]:
        self._node.tokens.add((table, "*", ""))
        return self._store.all(table)

    def values(self, table: Table[T], index: str) -> tuple[Hashable, ...]:
        """The values of an index, whatever rows are behind them."""
        self._node.tokens.add((table, f"{EXISTING}{index}", ""))
        return self._store.values(table, index)

    def query(self, fn: "Callable[Concatenate[Reader, P], T]", *args: P.args, **_: P.kwargs) -> T:
        used = self._memo.node((fn, *args))
        if used.dirty:
            self._memo.refresh(used)
        self._node.uses[used] = None
        used.used_by.add(self._node)
        if used.error is not None:
            raise used.error
        value: T = used.value
        return value


class Memo:
    """Results of queries over one store."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self._nodes: dict[NodeKey, Node] = {}
        self._readers: dict[Token, set[Node]] = {}
        self._revision = 0

    def __len__(self) -> int:
        return len(self._nodes)

    def node(self, key: NodeKey) -> Node:
        found = self._nodes.get(key)
        if found is None:
            found = self._nodes[key] = Node(key)
        return found

    def pin(self, fn: Callable[..., T], *args: Hashable) -> Node:
        """Compute a result and keep it up to date until `unpin`."""
        node = self.node((fn, *args))
        self.refresh(node)
        node.pins += 1
        return node

    def unpin(self, node: Node) -> None:
        node.pins -= 1
        self._drop_unused([node])

    def apply(self, touched: Iterable[Token]) -> list[Node]:
        """Mark everything that may depend on the touched tokens; return the pinned nodes among it."""
        self._revision += 1
        pinned: list[Node] = []
        queue: list[Node] = []
        for token in touched:
            for node in self._readers.get(token, ()):
                node.stale = True
                queue.append(node)
        while queue:
            node = queue.pop()
            if node.dirty:
                continue
            node.dirty = True
            if node.pins:
                pinned.append(node)
            queue.extend(node.used_by)
        return pinned

    def refresh(self, node: Node) -> None:
        """Bring `node` up to date. A query that raises keeps its last value and has `error` set."""
        if node.dirty:
            if node.stale or self._any_use_changed(node):
                self._run(node)
            node.dirty = node.stale = False

    def changed(self, node: Node) -> bool:
        """True when the last `apply` gave `node` another value (or error)."""
        self.refresh(node)
        return node.changed_at == self._revision

    def _any_use_changed(self, node: Node) -> bool:
        for used in list(node.uses):
            if used.dirty:
                self.refresh(used)
            if used.changed_at > node.ran_at:
                return True
        return False

    def _run(self, node: Node) -> None:
        old_uses, old_tokens = node.uses, node.tokens
        node.uses, node.tokens = {}, set()
        fn, *args = node.key
        value, error = node.value, None
        try:
            value = fn(Reader(self, node), *args)  # type: ignore[operator]
        except Exception as raised:  # cached like a value: retried when something it read changes
            error = raised
        self._move_edges(node, old_uses, old_tokens)
        if node.changed_at < 0 or error or node.error or value != node.value:
            node.value, node.error = value, error
            node.changed_at = self._revision
        node.ran_at = self._revision

    def _move_edges(self, node: Node, old_uses: dict[Node, None], old_tokens: set[Token]) -> None:
        for token in old_tokens - node.tokens:
            self._forget_reader(token, node)
        for token in node.tokens - old_tokens:
            self._readers.setdefault(token, set()).add(node)
        dropped = [used for used in old_uses if used not in node.uses]
        for used in dropped:
            used.used_by.discard(node)
        self._drop_unused(dropped)

    def _forget_reader(self, token: Token, node: Node) -> None:
        readers = self._readers.get(token)
        if readers is not None:
            readers.discard(node)
            if not readers:
                del self._readers[token]

    def _drop_unused(self, nodes: list[Node]) -> None:
        while nodes:
            node = nodes.pop()
            if node.pins or node.used_by or self._nodes.get(node.key) is not node:
                continue
            del self._nodes[node.key]
            for token in node.tokens:
                self._forget_reader(token, node)
            for used in node.uses:
                used.used_by.discard(node)
                nodes.append(used)
