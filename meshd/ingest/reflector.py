"""List, then watch, for ever: what one kind's objects are now, with nothing lost and nothing told twice.

A watch that ends goes on from the last version it brought; one whose version is gone (410) starts with a
list; any other failure tries the same again after a growing pause.
"""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import Callable, Sequence

import msgspec

from meshd.ingest.api_server import FAILURES, ApiServer, Event, Gone, Missing, Refused, check_event, reason_of
from meshd.ingest.kind import WatchedKind
from meshd.ingest.known import Known
from meshd.model.tables import Change

log = logging.getLogger(__name__)

FIRST_PAUSE = 0.1
LONGEST_PAUSE = 3.0
SHORTEST_WATCH = 1.0
MISSING_PAUSE = 3.0
"""Between looks for a kind whose CRD is not there."""

Sink = Callable[[Sequence[Change]], None]


class Reflector:
    """Keeps `sink` told of one kind. `listed` is set once the objects of the first list are delivered.

    `version` is the resource version up to which everything was delivered; empty before a list.
    """

    def __init__(self, server: ApiServer, kind: WatchedKind, sink: Sink) -> None:
        self.listed = asyncio.Event()
        self._server = server
        self._kind = kind
        self._sink = sink
        self._known = Known(kind)
        self.version = ""
        self._failures = 0
        self._relists = 0
        """Lists since the last event, so that a server that forgets everything is not asked without end."""
        self._missing = False

    async def run(self) -> None:
        """Never returns; ends by cancellation or with what `sink` raises."""
        while True:
            try:
                if not self.version:
                    await self._list()
                await self._watch()
            except Gone:
                self.version = ""
                self._failures = self._relists
                self._relists += 1
                await self._pause("its last known version is gone; listing again")
            except Missing:
                await self._wait_for_kind()
            except (Refused, *FAILURES, msgspec.DecodeError) as error:
                await self._pause(reason_of(error))

    async def _list(self) -> None:
        found: list[msgspec.Raw] = []
        version = ""
        async for page in self._server.list_pages(self._kind.path, self._kind.field_selector):
            found.extend(page.items or ())
            version = page.metadata.resource_version
        self._deliver(self._known.replace(found))
        self.version = version
        if self._missing:
            log.info("%s: the kind is there now", self._kind.name)
        self._missing = False
        self.listed.set()

    async def _watch(self) -> None:
        kind = self._kind
        async with self._server.watch(kind.path, self.version, kind.field_selector) as batches:
            started = time.monotonic()
            try:
                async for events in batches:
                    self._take(events)
            finally:
                lasted = time.monotonic() - started >= SHORTEST_WATCH
                if lasted:
                    self._failures = 0
        if not lasted:
            await self._pause("the watch ended at once")

    def _take(self, events: list[Event]) -> None:
        """Deliver one batch. An ERROR event ends it, after what came before it."""
        changes: list[Change] = []
        try:
            for event in events:
                check_event(event)
                self.version = self._known.apply(event, changes)
        finally:
            self._deliver(changes)
        self._failures = self._relists = 0

    def _deliver(self, changes: list[Change]) -> None:
        if changes:
            self._sink(changes)

    async def _wait_for_kind(self) -> None:
        """Without its CRD a kind has no objects, which is as good as a list of none."""
        if not self._missing:
            log.warning("%s: the API server has no such kind; waiting for its CRD", self._kind.name)
        self._missing = True
        self.version = ""
        self._deliver(self._known.replace(()))
        self.listed.set()
        await asyncio.sleep(MISSING_PAUSE * random.uniform(0.8, 1.2))

    async def _pause(self, reason: str) -> None:
        """Wait longer after each failure in a row, with jitter that keeps replicas apart; the first is logged."""
        pause = min(LONGEST_PAUSE, FIRST_PAUSE * 2**self._failures) * random.uniform(0.5, 1.0)
        level = logging.DEBUG if self._failures else logging.WARNING
        log.log(level, "%s: %s (again in %.1f s)", self._kind.name, reason, pause)
        self._failures = min(self._failures + 1, 10)
        await asyncio.sleep(pause)
