"""Waiting for a state to be reached: reached means seen several times in a row, never once among many tries."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from conformance.timeouts import TIMEOUTS

T = TypeVar("T")


class NotConverged(AssertionError):
    """A state was not reached in time. The message holds the last reason."""


def eventually(
    check: Callable[[], T],
    *,
    within: float,
    what: str,
    successes: int = TIMEOUTS.successes,
    interval: float = TIMEOUTS.interval,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> T:
    """Call `check` until it has returned `successes` times in a row without an AssertionError; its last result.

    `within` is in seconds. Raises NotConverged, naming `what` and the last failure. Other errors pass through.
    """
    deadline = clock() + within
    in_a_row = 0
    while True:
        try:
            result = check()
        except AssertionError as failure:
            in_a_row = 0
            reason = str(failure).splitlines()[0] if str(failure) else "an assertion failed"
            if clock() >= deadline:
                raise NotConverged(f"{what} not within {within:g} s; last seen: {reason}") from failure
        else:
            in_a_row += 1
            if in_a_row >= successes:
                return result
        sleep(interval)
