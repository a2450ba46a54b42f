"""Waits until nothing goes to the proxies: what is said of a change shall not slow the next one down.

A status that is written costs the API server as much as the change it is about, and both wait for the same disk.
"""

import asyncio
import time
from collections.abc import Callable

LULL_SECONDS = 0.5
"""So long since the last change: a lull."""
LONGEST_SECONDS = 15.0
LOOK_SECONDS = 0.1


class Lull:
    """`last_change` says when a change went to proxies last (monotonic seconds)."""

    def __init__(self, last_change: Callable[[], float], clock: Callable[[], float] = time.monotonic) -> None:
        self._last_change = last_change
        self._clock = clock

    def is_now(self) -> bool:
        return self._clock() - self._last_change() >= LULL_SECONDS

    async def wait(self) -> bool:
        """Until there is one: True; False when it has been waited for long enough."""
        deadline = self._clock() + LONGEST_SECONDS
        while not self.is_now():
            if self._clock() >= deadline:
                return False
            await asyncio.sleep(LOOK_SECONDS)
        return True
