"""Work that can wait, in slices: whoever waits for a proxy's update waits for one slice at most.

An update passes from task to task, through the event loop each time. Work that only says `sleep(0)` is then met at
each of these steps.
"""

import asyncio
import time

SLICE_SECONDS = 0.0005
REST_SECONDS = 0.002


class Leisure:
    """One long piece of work. It says often that it can `rest`."""

    def __init__(self) -> None:
        self._since = time.perf_counter()

    async def rest(self) -> None:
        """Rest when a slice of work has passed since the last time."""
        if time.perf_counter() - self._since >= SLICE_SECONDS:
            await asyncio.sleep(REST_SECONDS)
            self._since = time.perf_counter()
