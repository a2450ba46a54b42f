"""Writes statuses, one after the other and not too many a second."""

import asyncio
import logging
from enum import Enum

import httpx2
import msgspec
from lightkube import ApiError, AsyncClient
from lightkube.generic_resource import create_namespaced_resource
from lightkube.types import PatchType
from prometheus_client import Counter

from meshd.api.kinds import KINDS
from meshd.runtime.status.condition import Condition, Status
from meshd.runtime.status.objects import WrittenObject

log = logging.getLogger(__name__)

WRITES = Counter("meshd_status_writes", "Statuses of Istio objects that were written or could not be", ["outcome"])
WRITES_A_SECOND = 20
PAUSE_AFTER_FAILURE = 2.0

_RESOURCES = {
    kind.kind: create_namespaced_resource(kind.group, kind.versions[0], kind.kind, kind.plural) for kind in KINDS
}


class Outcome(Enum):
    WRITTEN = "written"
    OUTDATED = "outdated"
    """The object is gone or another one: its next event says what is."""
    FAILED = "failed"


class StatusWriter:
    """Through the status subresource, so that neither the generation nor a webhook has to do with it."""

    def __init__(self, client: AsyncClient) -> None:
        self._client = client
        self._failing = False

    async def write(self, written: WrittenObject, conditions: tuple[Condition, ...]) -> Outcome:
        """Never raises for what the API server answers; takes its time."""
        outcome = await self._try(written, conditions)
        WRITES.labels(outcome.value).inc()
        await asyncio.sleep(PAUSE_AFTER_FAILURE if outcome is Outcome.FAILED else 1 / WRITES_A_SECOND)
        return outcome

    async def _try(self, written: WrittenObject, conditions: tuple[Condition, ...]) -> Outcome:
        try:
            await self._client.patch(
                _RESOURCES[written.kind.kind].Status,
                written.name,
                patch_of(written, conditions),
                namespace=written.namespace,
                patch_type=PatchType.MERGE,
            )
        except (ApiError, httpx2.HTTPError) as error:
            if isinstance(error, ApiError) and error.status.code in (404, 409, 422):
                log.debug("%s: its status is not written: %s", written, error)
                return Outcome.OUTDATED
            log.log(logging.DEBUG if self._failing else logging.WARNING, "no status for %s: %s", written, error)
            self._failing = True
            return Outcome.FAILED
        self._failing = False
        return Outcome.WRITTEN


def patch_of(written: WrittenObject, conditions: tuple[Condition, ...]) -> dict[str, object]:
    """A merge patch, for the very object it is about and no later one of the same name."""
    status: object = msgspec.to_builtins(Status(conditions, written.generation))
    return {"metadata": {"uid": written.uid}, "status": status}
