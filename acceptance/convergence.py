"""Waiting for a state of the mesh."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

CONFIG_SECONDS = 20.0
"""A limit for a busy machine, not an expectation."""
SUCCESSES = 3
INTERVAL = 0.05


def eventually(check: Callable[[], T], what: str, within: float = CONFIG_SECONDS, successes: int = SUCCESSES) -> T:
    """Call `check` until it has returned `successes` times in a row without AssertionError; its last result.

    Raises AssertionError with `what` and the last failure after `within` seconds.
    """
    deadline = time.monotonic() + within
    in_a_row = 0
    while True:
        try:
            result = check()
        except AssertionError as failure:
            in_a_row = 0
            if time.monotonic() > deadline:
                raise AssertionError(f"{what}: not within {within:g} s; last seen: {failure}") from failure
        else:
            in_a_row += 1
            if in_a_row >= successes:
                return result
        time.sleep(INTERVAL)
