"""Writes statuses, one after the other and not too many a second."""

import asyncio
import logging
from enum import Enum

import msgspec
from prometheus_client import Counter

from meshd.ingest.api_server import FAILURES, Answer, ApiServer, reason_of
from meshd.runtime.status.condition import Condition, Status
from meshd.runtime.status.objects import WrittenObject

log = logging.getLogger(__name__)

WRITES = Counter("meshd_status_writes", "Statuses of Istio objects that were written or could not be", ["outcome"])
WRITES_A_SECOND = 20
PAUSE_AFTER_FAILURE = 2.0


class Outcome(Enum):
    WRITTEN = "written"
    OUTDATED = "outdated"
    """The object is gone or another one: its next event says what is."""
    FAILED = "failed"


class StatusWriter:
    """Through the status subresource, so that neither the generation nor a webhook has to do with it."""

    def __init__(self, server: ApiServer) -> None:
        self._server = server
        self._failing = False

    async def write(self, written: WrittenObject, conditions: tuple[Condition, ...]) -> Outcome:
        """Never raises for what the API server answers; takes its time."""
        outcome = await self._try(written, conditions)
        WRITES.labels(outcome.value).inc()
        await asyncio.sleep(PAUSE_AFTER_FAILURE if outcome is Outcome.FAILED else 1 / WRITES_A_SECOND)
        return outcome

    async def _try(self, written: WrittenObject, conditions: tuple[Condition, ...]) -> Outcome:
        try:
            answer = await self._server.merge_patch(
                path_of(written), msgspec.json.encode(patch_of(written, conditions))
            )
        except FAILURES as error:
            answer = Answer(0, reason_of(error))
        if answer.code in (404, 409, 422):
            log.debug("%s: its status is not written: %s", written, answer.message)
            return Outcome.OUTDATED
        if answer.code != 200:
            level = logging.DEBUG if self._failing else logging.WARNING
            log.log(level, "no status for %s: %s", written, answer.message)
            self._failing = True
            return Outcome.FAILED
        self._failing = False
        return Outcome.WRITTEN


def path_of(written: WrittenObject) -> str:
    """Of the status subresource."""
    return f"{written.kind.path(written.namespace)}/{written.name}/status"


def patch_of(written: WrittenObject, conditions: tuple[Condition, ...]) -> dict[str, object]:
    """A merge patch, for the very object it is about and no later one of the same name."""
    status: object = msgspec.to_builtins(Status(conditions, written.generation))
    return {"metadata": {"uid": written.uid}, "status": status}
