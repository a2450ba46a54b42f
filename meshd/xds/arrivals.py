"""Proxies that are there before their pod is known: a watch may lag."""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress

from meshd.model.service import Workload


class Arrivals:
    """Waits for pods; `find` gives what is known of one by its key ("namespace/name")."""

    def __init__(self, find: Callable[[str], Workload | None]) -> None:
        self._find = find
        self._awaited: dict[str, list[asyncio.Future[None]]] = {}

    async def workload(self, key: str, uid: str, patience: float) -> Workload | None:
        """The pod `key` with `uid`; waited for up to `patience` seconds."""
        deadline = time.monotonic() + patience
        while True:
            found = self._find(key)
            left = deadline - time.monotonic()
            if found is not None and found.uid == uid:
                return found
            if left <= 0:
                return None
            arrival: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._awaited.setdefault(key, []).append(arrival)
            with suppress(TimeoutError):
                await asyncio.wait_for(arrival, left)

    def changed(self, key: str) -> None:
        """Let those who wait for the pod look again."""
        for arrival in self._awaited.pop(key, ()):
            if not arrival.done():
                arrival.set_result(None)
