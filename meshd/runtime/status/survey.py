"""Looks at this replica's streams: which object is in force at how many of its proxies.

A look costs what the resources and streams are in number, so it is taken only when some proxy was sent or answered
something, and gives way to other work all along.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence, Set
from secrets import token_hex
from weakref import WeakKeyDictionary

from meshd.model.reference import ObjectRef
from meshd.model.resource import TYPE_URLS, Resource, Scope
from meshd.networking.scopes import ProxyScope
from meshd.runtime.status.leisure import Leisure
from meshd.runtime.status.tally import SHOWN, Refused, Report, Tally
from meshd.xds.stream import Stream
from meshd.xds.subscription import Subscription

LATE_SECONDS = 5.0
"""A proxy that has not answered for so long counts as late."""
MANY = 64
"""With more resources under way a proxy counts as being sent all it is to have."""
LONGEST_DETAIL = 600


class Survey:
    """`resources` gives those of a scope that a stream's lease names; empty for a scope that is no more."""

    def __init__(
        self,
        streams: Callable[[], Sequence[Stream]],
        resources: Callable[[Scope], Iterable[Resource]],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._streams = streams
        self._resources = resources
        self._clock = clock
        self._progress: WeakKeyDictionary[Stream, tuple[int, float]] = WeakKeyDictionary()
        self._looked_at: object = None
        self._report = Report("", Tally(), {})
        self._looking = asyncio.Lock()

    async def report(self, anew: bool = False) -> Report:
        """The state of now, up to a moment ago. `anew`: look even if no proxy was sent or answered anything."""
        async with self._looking:
            now = _answers(self._streams())
            if anew or now != self._looked_at or self._report.every.pending:
                self._looked_at = now
                every, objects = await self._look()
                if (every, objects) != (self._report.every, self._report.objects):
                    self._report = Report(token_hex(8), every, objects)
            return self._report

    async def _look(self) -> tuple[Tally, dict[str, Tally]]:
        leisure = Leisure()
        count = _Count()
        concerned: dict[ProxyScope, frozenset[str]] = {}
        made_from = _MadeFrom(self._resources, leisure)
        for stream in self._streams():
            await leisure.rest()
            lease = stream.view.lease
            if lease.proxy not in concerned:
                scopes = [scope for each in lease.scopes.values() for scope in each]
                concerned[lease.proxy] = await made_from.scopes(scopes)
            count.add(stream, concerned[lease.proxy], self._is_late(stream))
        return count.every(), await count.objects(leisure)

    def _is_late(self, stream: Stream) -> bool:
        """Whether the proxy owes an answer for long."""
        answers, now = _answers([stream])[-1], self._clock()
        known = self._progress.get(stream)
        if known is None or known[0] != answers or _settled(stream):
            self._progress[stream] = (answers, now)
            return False
        return now - known[1] >= LATE_SECONDS


class _MadeFrom:
    """Which objects the resources of scopes are made from; looks at each scope once."""

    def __init__(self, resources: Callable[[Scope], Iterable[Resource]], leisure: Leisure) -> None:
        self._resources = resources
        self._leisure = leisure
        self._of_scope: dict[Scope, frozenset[str]] = {}
        self._of_scopes: dict[frozenset[Scope], frozenset[str]] = {}

    async def scopes(self, scopes: Iterable[Scope]) -> frozenset[str]:
        """Of all of them together: the same set for the same scopes."""
        found: list[Scope] = []
        for scope in scopes:
            if scope not in self._of_scope:
                self._of_scope[scope] = await self._sources(scope)
            if self._of_scope[scope]:
                found.append(scope)
        key = frozenset(found)
        if key not in self._of_scopes:
            self._of_scopes[key] = frozenset[str]().union(*(self._of_scope[scope] for scope in key))
        return self._of_scopes[key]

    async def _sources(self, scope: Scope) -> frozenset[str]:
        found: set[ObjectRef] = set()
        for resource in tuple(self._resources(scope)):
            found.update(resource.sources)
            await self._leisure.rest()
        return frozenset(map(str, found))


class _Count:
    """Adds up streams. Many are given things made from the same objects: these are counted together."""

    def __init__(self) -> None:
        self._streams = Counter[str]()
        self._groups = Counter[frozenset[str]]()
        self._pending = Counter[str]()
        self._late: dict[str, list[str]] = {}
        self._refused: dict[str, list[Refused]] = {}

    def add(self, stream: Stream, concerned: frozenset[str], late: bool) -> None:
        """`concerned` are the objects that something the proxy is given is made from."""
        self._streams["all"] += 1
        self._groups[concerned] += 1
        if not _settled(stream):
            self._add_unsettled(stream, concerned, late)

    def _add_unsettled(self, stream: Stream, concerned: frozenset[str], late: bool) -> None:
        proxy = stream.proxy.workload.key
        refusals = dict(_refusals(stream, proxy))
        for source in refusals.keys() & concerned:
            self._refused.setdefault(source, []).append(refusals[source])
        under_way = (_under_way(stream, concerned) & concerned) - refusals.keys()
        if late:
            for source in under_way:
                self._late.setdefault(source, []).append(proxy)
        else:
            self._pending.update(under_way)
        self._streams["refused" if refusals else "late" if late else "pending"] += 1

    def every(self) -> Tally:
        found = self._streams
        return Tally(found["all"], found["pending"], found["late"], found["refused"])

    async def objects(self, leisure: Leisure) -> dict[str, Tally]:
        concerned = Counter[str]()
        for group, streams in self._groups.items():
            for source in group:
                concerned[source] += streams
                await leisure.rest()
        tallies: dict[str, Tally] = {}
        for source, number in concerned.items():
            tallies[source] = self._tally(source, number)
            await leisure.rest()
        return tallies

    def _tally(self, source: str, concerned: int) -> Tally:
        late, refused = sorted(self._late.get(source, ())), sorted(self._refused.get(source, ()))
        return Tally(
            concerned,
            self._pending[source],
            len(late),
            len(refused),
            tuple(late[:SHOWN]),
            tuple(refused[:SHOWN]),
        )


def _answers(streams: Iterable[Stream]) -> tuple[int, int, int]:
    """Numbers that differ when a stream came, went, was sent or answered something: (streams, sent, answers)."""
    number = sent = answered = 0
    for stream in streams:
        number += 1
        for subscription in stream.subscriptions.values():
            sent += subscription.sent
            answered += subscription.acked + subscription.nacked
    return number, sent, answered


def _settled(stream: Stream) -> bool:
    return all(subscription.settled for subscription in stream.subscriptions.values())


def _sources_of(stream: Stream, type_url: str, name: str) -> Iterator[str]:
    resource = stream.view.get(type_url, name)
    return (str(source) for source in (resource.sources if resource else ()))


def _under_way(stream: Stream, concerned: frozenset[str]) -> Set[str]:
    """Objects of which something is on its way to the proxy."""
    found: set[str] = set()
    for type_url in TYPE_URLS:
        names = _names_under_way(stream.subscriptions[type_url])
        if len(names) > MANY:
            return concerned
        found.update(source for name in names for source in _sources_of(stream, type_url, name))
    return found


def _names_under_way(subscription: Subscription) -> set[str]:
    groups: tuple[Iterable[str], ...] = (
        subscription.pending,
        *subscription.search.groups,
        *subscription.in_flight.values(),
    )
    return {name for group in groups for name in group}


def _refusals(stream: Stream, proxy: str) -> Iterator[tuple[str, Refused]]:
    for type_url in TYPE_URLS:
        subscription = stream.subscriptions[type_url]
        for name in subscription.search.refused:
            detail = " ".join((subscription.search.details.get(name) or subscription.error).split())[:LONGEST_DETAIL]
            refusal = Refused(proxy, f"{type_url.rpartition('.')[2]} {name}", detail)
            yield from ((source, refusal) for source in _sources_of(stream, type_url, name))
