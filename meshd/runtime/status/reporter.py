"""A leader's term: rounds that compare what is to be said of each object with what its status says."""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from meshd.ingest.api_server import ApiServer
from meshd.ingest.reflector import Reflector
from meshd.model.tables import Change
from meshd.runtime.status.condition import merge, same
from meshd.runtime.status.leisure import Leisure
from meshd.runtime.status.lull import Lull
from meshd.runtime.status.objects import Judgement, WrittenObject, judge, watched
from meshd.runtime.status.pace import Pending, wait_for
from meshd.runtime.status.peers import Peers, marks
from meshd.runtime.status.survey import Survey
from meshd.runtime.status.tally import Report, Tally, add
from meshd.runtime.status.verdict import conditions_of
from meshd.runtime.status.writer import Outcome, StatusWriter

ROUND_SECONDS = 1.0
WRITES_A_ROUND = 40
"""After so many what is known of the proxies is looked at again."""
TRACED = frozenset(
    (
        "VirtualService",
        "DestinationRule",
        "Gateway",
        "AuthorizationPolicy",
        "PeerAuthentication",
        "RequestAuthentication",
        "Telemetry",
    )
)
"""Kinds that resources name as their source. Of an object of another kind, and no known source, one can only tell that
all proxies have all they were sent.
"""

Waiting = Callable[[], Mapping[str, Sequence[str]]]
"""What objects wait for, by their names."""


class Reporter:
    """Keeps statuses as they should be, for as long as `run` runs."""

    def __init__(
        self,
        survey: Survey,
        peers: Peers,
        waiting: Waiting,
        writer: StatusWriter,
        lull: Lull,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._survey = survey
        self._peers = peers
        self._waiting = waiting
        self._writer = writer
        self._lull = lull
        self._overdue = False
        """Whether no lull came in good time: then it is not waited for until all is written."""
        self._clock = clock
        self._objects: dict[str, WrittenObject] = {}
        self._judged: dict[str, tuple[tuple[str, int], Judgement]] = {}
        self._pending: dict[str, Pending] = {}
        self._wake_at = 0.0
        self._changed = False
        self._seen: object = None

    def take(self, changes: Sequence[Change]) -> None:
        """Objects that were written or deleted; also our own writing, which changes nothing."""
        for _, key, written in changes:
            if written is None:
                for known in (self._objects, self._judged, self._pending):
                    known.pop(key, None)
                continue
            before = self._objects.get(key)
            self._objects[key] = written
            if before is None or before.version != written.version or not same(before.conditions, written.conditions):
                self._changed = True

    async def run(self, server: ApiServer) -> None:
        """Watch and write until cancelled."""
        async with self._peers, asyncio.TaskGroup() as tasks:
            reflectors = [Reflector(server, kind, self.take) for kind in watched()]
            for reflector in reflectors:
                tasks.create_task(reflector.run())
            for reflector in reflectors:
                await reflector.listed.wait()
            while True:
                await asyncio.sleep(ROUND_SECONDS)
                await self.round()

    async def round(self) -> None:
        """Write what is due, in a lull. Without anything new it costs a look at counters."""
        self._overdue = not await self._lull.wait() or self._overdue
        anew, self._changed = self._changed or self._clock() >= self._wake_at, False
        reports = [await self._survey.report(anew), *await self._peers.reports(anew)]
        missing = dict(self._waiting())
        seen = (marks(reports), missing)
        if not anew and seen == self._seen:
            return
        self._seen = seen
        self._wake_at = float("inf")
        writes = 0
        leisure = Leisure()
        for key, written in list(self._objects.items()):
            await leisure.rest()
            if not (self._overdue or self._lull.is_now()):
                self._wake_at = self._clock()
                return
            tally = tally_of(key, written.kind.kind, reports)
            conditions = conditions_of(self._judge(key, written), missing.get(key, ()), tally, written.generation)
            pending = self._hold(key, Pending(conditions, self._clock()))
            writes += await self._write_if_due(key, written, pending, tally)
            if writes == WRITES_A_ROUND:
                self._wake_at = self._clock()
                return
        self._overdue = False

    def _judge(self, key: str, written: WrittenObject) -> Judgement:
        version, judgement = self._judged.get(key, (None, None))
        if judgement is None or version != written.version:
            judgement = judge(written)
            self._judged[key] = (written.version, judgement)
        return judgement

    def _hold(self, key: str, pending: Pending) -> Pending:
        """`pending`, with the time since when it has said the same."""
        before = self._pending.get(key)
        since = before.since if before and same(before.conditions, pending.conditions) else pending.since
        self._pending[key] = Pending(pending.conditions, since)
        return self._pending[key]

    async def _write_if_due(self, key: str, written: WrittenObject, pending: Pending, tally: Tally) -> bool:
        wait = wait_for(pending, written.conditions, tally, self._clock())
        if wait > 0:
            self._wake_at = min(self._wake_at, self._clock() + wait)
            return False
        conditions = merge(written.conditions, pending.conditions, _now())
        outcome = await self._writer.write(written, conditions)
        if outcome is Outcome.FAILED:
            self._wake_at = self._clock()
        elif outcome is Outcome.WRITTEN and self._objects.get(key) is written:
            self._objects[key] = replace(written, conditions=conditions)
        return True


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def tally_of(name: str, kind: str, reports: Sequence[Report]) -> Tally:
    """All replicas' proxies together."""
    found = [report.objects[name] for report in reports if name in report.objects]
    if found or kind in TRACED:
        return add(found)
    every = add(report.every for report in reports)
    return Tally(every.concerned - every.late - every.refused, every.pending)
