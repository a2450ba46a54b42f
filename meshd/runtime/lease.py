"""Who leads: the replica that holds a Lease, for as long as it renews it.

Clocks of replicas are never compared: a holder counts as gone when its record has not changed for the lease's
duration, by the observer's own clock. https://kubernetes.io/docs/concepts/architecture/leases/
"""

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Protocol

log = logging.getLogger(__name__)

DURATION_SECONDS = 15
RENEW_SECONDS = 4.0
GIVE_UP_SECONDS = 10.0
"""A leader that cannot renew for so long stops leading, before another one may begin."""


class LeaseUnavailable(Exception):
    """The lease cannot be read or written now; the text says why."""


class LostRace(LeaseUnavailable):
    """Somebody else has written the lease meanwhile."""


@dataclass(frozen=True, slots=True)
class Record:
    """A Lease as it is stored. `version` changes with every write; `holder` is empty when it was given back."""

    holder: str
    version: str
    transitions: int = 0


class LeaseStore(Protocol):
    """Where the lease is kept. Each method raises LeaseUnavailable."""

    async def read(self) -> Record | None:
        """The lease as it is, None when there is none."""

    async def write(self, holder: str, transitions: int, version: str) -> Record:
        """Make it `holder`'s where it still has `version` ("": where there is none), else raise LostRace."""


class Candidate:
    """One replica's part in the election. `identity` is unlike that of any other replica."""

    def __init__(self, store: LeaseStore, identity: str, clock: Callable[[], float] = time.monotonic) -> None:
        self.identity = identity
        self._store = store
        self._clock = clock
        self._seen = ""
        self._seen_at = 0.0
        self._renewed_at = float("-inf")

    @property
    def leads(self) -> bool:
        """True as long as no other replica can believe to lead."""
        return self._clock() - self._renewed_at < GIVE_UP_SECONDS

    async def try_once(self) -> None:
        """Take the lease if it is free, renew it if it is ours. Raises LeaseUnavailable."""
        asked = self._clock()
        record = await self._store.read()
        if record is not None and not self._may_take(record):
            self._renewed_at = float("-inf")
            return
        taken_over = record is None or record.holder != self.identity
        transitions = (record.transitions if record else 0) + (1 if taken_over else 0)
        await self._store.write(self.identity, transitions, record.version if record else "")
        self._renewed_at = asked

    async def give_back(self) -> None:
        """Let another replica lead at once."""
        if not self.leads:
            return
        self._renewed_at = float("-inf")
        try:
            record = await self._store.read()
            if record is not None and record.holder == self.identity:
                await self._store.write("", record.transitions, record.version)
        except LeaseUnavailable as error:
            log.info("the lease runs out by itself: %s", error)

    def _may_take(self, record: Record) -> bool:
        if record.holder in ("", self.identity):
            return True
        if record.version != self._seen:
            self._seen, self._seen_at = record.version, self._clock()
        return self._clock() - self._seen_at >= DURATION_SECONDS


async def lead(candidate: Candidate, term: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run `term` whenever this replica leads, and cancel it when it leads no more. Never returns by itself."""
    work: asyncio.Task[None] | None = None
    said = ""
    try:
        while True:
            try:
                await candidate.try_once()
                said = ""
            except LeaseUnavailable as error:
                if not isinstance(error, LostRace) and str(error) != said:
                    said = str(error)
                    log.warning("no leader's lease: %s; statuses wait", said)
            if work is not None and (work.done() or not candidate.leads):
                await _end(work)
                work = None
            if work is None and candidate.leads:
                log.info("%s leads", candidate.identity)
                work = asyncio.create_task(term())
            await asyncio.sleep(RENEW_SECONDS)
    finally:
        if work is not None:
            await _end(work)
        await candidate.give_back()


async def _end(work: asyncio.Task[None]) -> None:
    """Wait for the end of a term; what broke it is logged, and the next term starts anew."""
    work.cancel()
    (outcome,) = await asyncio.gather(work, return_exceptions=True)
    if isinstance(outcome, Exception):
        log.error("a leader's term ended early", exc_info=outcome)
