"""Converged means several times in a row."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from conformance.convergence import NotConverged, eventually
from conformance.timeouts import TIMEOUTS, Timeouts, build_timeouts


class Clock:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def run(outcomes: str, within: float = 100.0, successes: int = 3) -> tuple[int, Clock]:
    """Run checks that succeed (+) or fail (-) in this order; how many were made."""
    clock = Clock()
    made = 0
    remaining: Iterator[str] = iter(outcomes)

    def check() -> int:
        nonlocal made
        made += 1
        assert next(remaining) == "+", f"look {made} failed"
        return made

    result = eventually(
        check, within=within, what="plus", successes=successes, interval=1.0, clock=clock, sleep=clock.sleep
    )
    return result, clock


def test_needs_successes_in_a_row() -> None:
    assert run("+++")[0] == 3
    assert run("-++-+++")[0] == 7
    assert run("--+", successes=1)[0] == 3


def test_one_success_among_many_tries_is_not_enough() -> None:
    with pytest.raises(NotConverged, match=r"plus not within 10 s; last seen: look 11 failed|look 12 failed"):
        run("-+" * 20, within=10.0)


def test_other_errors_pass_through() -> None:
    def broken() -> None:
        raise KeyError("x")

    with pytest.raises(KeyError):
        eventually(broken, within=1.0, what="never")


def test_success_at_the_end_of_time_still_counts() -> None:
    assert run("---+++", within=3.5)[0] == 6


def test_patience_stretches_the_wait_for_objects_alone() -> None:
    stretched = build_timeouts("2")
    assert stretched.config_takes_effect == 2 * Timeouts.config_takes_effect
    assert stretched.live_config == Timeouts.live_config
    assert TIMEOUTS.successes >= 2
    for wrong in ("0", "-1", "soon"):
        with pytest.raises(ValueError, match=r"MESH_PATIENCE|convert"):
            build_timeouts(wrong)
