"""What one stream subscribed to in one type, and how far the proxy has come. Knows nothing of gRPC.

    first request -> wildcard or names -> pending -> in flight -> ACK
                                             ^            |
                                             +--- halves -+-> NACK -> refused (one resource left)

What a proxy was sent is not written down name by name: whatever is neither pending, in flight nor refused
is what the proxy has. So a stream costs memory for what is under way, not for the size of the mesh.
"""

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from weakref import WeakValueDictionary

from meshd.model.resource import CLUSTER, ENDPOINT, LISTENER, SECRET, Resource
from meshd.xds.search import Search, Sent
from meshd.xds.wire import Request, Response

WILDCARD = "*"
LEGACY_WILDCARD_TYPES = frozenset({CLUSTER, LISTENER})
"""Where an empty first request stands for everything."""
REMOVED_LAST = frozenset({CLUSTER, ENDPOINT, SECRET})
"""What others refer to: goes only when the proxy has let go of the references."""

MAX_RESPONSE_BYTES = 3 * 1024 * 1024
"""gRPC refuses messages above 4 MiB unless the proxy's bootstrap says otherwise."""

Lookup = Callable[[str], Resource | None]

_interned: WeakValueDictionary[frozenset[str], frozenset[str]] = WeakValueDictionary()


@dataclass(frozen=True, slots=True)
class Refusal:
    """A NACK. `isolated` is the one resource to blame, None while it is being searched for."""

    type_url: str
    names: tuple[str, ...]
    detail: str
    isolated: str | None


@dataclass(slots=True)
class Subscription:
    """`pending` maps a name to whether the proxy has never had it."""

    type_url: str
    parent: "Subscription | None" = None
    """For virtual hosts the subscription of route configurations, which says whose are covered."""
    opened: bool = False
    wildcard: bool = False
    names: frozenset[str] = frozenset()
    pending: dict[str, bool] = field(default_factory=dict)
    owed: set[str] = field(default_factory=set)
    """Asked for by name: answered even when it has not changed or does not exist."""
    removals: dict[str, None] = field(default_factory=dict)
    in_flight: dict[str, dict[str, Sent]] = field(default_factory=dict)
    search: Search = field(default_factory=Search)
    answer_due: bool = False
    """A proxy waits for the answer to a wildcard, though there may be nothing to send."""
    sent: int = 0
    acked: int = 0
    nacked: int = 0
    error: str = ""
    answered_at: float = 0.0
    """When the proxy last acknowledged or refused something (Unix seconds)."""

    def covers(self, name: str) -> bool:
        if self.parent is not None:
            return self.parent.covers(name.rpartition("/")[0])
        return self.wildcard or name in self.names

    @property
    def settled(self) -> bool:
        """True when the proxy has, and accepted, everything there is."""
        return not (self.pending or self.in_flight or self.search.groups or self.search.refused)

    @property
    def due(self) -> bool:
        """True when there is something to send that need not wait for the proxy to let go of it."""
        return bool(self.pending or self.answer_due or self.search.groups)

    @property
    def waiting(self) -> bool:
        """True when there is something to send, now or when its turn comes."""
        return self.due or bool(self.removals)

    def open(self, request: Request) -> None:
        """Take the first request of the type."""
        self.opened = True
        self.wildcard = WILDCARD in request.subscribe or (
            not request.subscribe and self.type_url in LEGACY_WILDCARD_TYPES
        )
        self.names = _intern(name for name in request.subscribe if name != WILDCARD)
        self.answer_due = self.wildcard

    def compare(self, current: Iterable[Resource], known: Mapping[str, str]) -> None:
        """Owe the proxy what differs between what it holds (`known`, name to version) and what is."""
        present: set[str] = set()
        for resource in current:
            if self.covers(resource.name):
                present.add(resource.name)
                if known.get(resource.name) != resource.version:
                    self.pending[resource.name] = resource.name not in known
        for name in known:
            if name not in present and self.covers(name):
                self.pending[name] = False
        for name in self.names - present:
            self.owe(name)

    def update(self, request: Request) -> None:
        """Take the names of a later request. A name that is subscribed again is sent again."""
        if WILDCARD in request.unsubscribe:
            self.wildcard = False
        if WILDCARD in request.subscribe:
            self.wildcard = self.answer_due = True
        if request.subscribe or request.unsubscribe:
            self.names = _intern((self.names - set(request.unsubscribe)) | (set(request.subscribe) - {WILDCARD}))
        for name in request.unsubscribe:
            if self.covers(name):
                self.owe(name)
            else:
                self.forget(name)
        for name in request.subscribe:
            if name != WILDCARD:
                self.owe(name, new=True)

    def owe(self, name: str, new: bool = False) -> None:
        self.pending[name] = new
        self.owed.add(name)
        self.removals.pop(name, None)

    def forget(self, name: str) -> None:
        self.pending.pop(name, None)
        self.search.refused.pop(name, None)
        self.removals.pop(name, None)
        self.owed.discard(name)

    def mark(self, name: str, added: bool) -> bool:
        """Note that `name` was added, changed or removed; False when the proxy did not ask for it."""
        if not self.opened or not self.covers(name):
            return False
        earlier = self.search.refused.pop(name, None)
        if name in self.removals:
            del self.removals[name]
            added = False
        elif earlier is not None:
            added = earlier.new
        self.pending.setdefault(name, added)
        return True

    def take(self, nonce: str, lookup: Lookup) -> Response | None:
        """The next response, or None when nothing is pending (removals that must wait are not)."""
        while self.due:
            response = self._fill(nonce, lookup)
            if response is not None:
                return response
        return None

    def take_removals(self, nonce: str, lookup: Lookup) -> Response | None:
        """One response for all removals that waited."""
        gone = tuple(name for name in self.removals if lookup(name) is None)
        self.removals.clear()
        return self._send(nonce, [], gone, dict.fromkeys(gone, Sent(None, False))) if gone else None

    def acknowledge(self, nonce: str) -> Mapping[str, Sent]:
        """What the ACKed response held; empty for a nonce that is unknown or was answered before."""
        flight = self.in_flight.pop(nonce, None)
        if flight is None:
            return {}
        self.acked += 1
        self.answered_at = time.time()
        self.search.accepted()
        if not self.in_flight:
            self.search.end()
        if not self.search.refused and not self.search.groups:
            self.error = ""
        return flight

    def refuse(self, nonce: str, detail: str) -> Refusal | None:
        """Take a NACK: look for the bad resource among what the response held."""
        flight = self.in_flight.pop(nonce, None)
        if flight is None:
            return None
        self.nacked += 1
        self.error = detail
        self.answered_at = time.time()
        suspects = {
            name: sent
            for name, sent in flight.items()
            if name not in self.pending and (sent.version or self.type_url not in REMOVED_LAST)
        }
        isolated = self.search.divide(suspects, detail, alone=len(flight) == 1)
        if not self.in_flight:
            self.search.end()
        return Refusal(self.type_url, tuple(flight), detail, isolated)

    def _fill(self, nonce: str, lookup: Lookup) -> Response | None:
        """Move a group that is tried alone, or what is pending, into a response until it is full."""
        groups = self.search.groups
        searching = bool(groups)
        group = groups.popleft() if searching else self.pending
        resources: list[Resource] = []
        removed: list[str] = []
        flight: dict[str, Sent] = {}
        size = 0
        names = iter(group.items())
        for name, new in names:
            owed = name in self.owed
            self.owed.discard(name)
            resource = lookup(name)
            if resource is not None:
                if (refused := self.search.refused.get(name)) and refused.version == resource.version:
                    continue
                resources.append(resource)
                flight[name] = Sent(resource.version, new)
                size += len(resource.entry)
                if size >= MAX_RESPONSE_BYTES:
                    break
            elif owed or (not new and self.type_url not in REMOVED_LAST):
                removed.append(name)
                flight[name] = Sent(None, new)
            elif not new:
                self.removals[name] = None
        rest = dict(names)
        if not searching:
            self.pending = rest  # not emptied in place: a dict keeps the memory of its largest moment
        elif rest:
            groups.appendleft(rest)
        if not self.owed:
            self.owed = set()
        if not (resources or removed or self.answer_due):
            return None
        self.answer_due = False
        return self._send(nonce, resources, tuple(removed), flight)

    def _send(
        self, nonce: str, resources: list[Resource], removed: tuple[str, ...], flight: dict[str, Sent]
    ) -> Response:
        self.sent += 1
        self.in_flight[nonce] = flight
        return Response(self.type_url, nonce, tuple(resources), removed)


def _intern(names: Iterable[str]) -> frozenset[str]:
    """One set for all streams that ask for the same names."""
    names = frozenset(names)
    return _interned.setdefault(names, names)
