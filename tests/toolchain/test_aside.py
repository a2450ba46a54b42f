from __future__ import annotations

import threading

import pytest

from toolchain.aside import aside
from toolchain.errors import UserError


def test_both_are_done_at_the_end_of_the_block() -> None:
    begun, go_on = threading.Event(), threading.Event()
    done: list[str] = []

    def work() -> None:
        begun.set()
        assert go_on.wait(10)
        done.append("aside")

    with aside(work):
        assert begun.wait(10)
        done.append("block")
        go_on.set()
    assert done == ["block", "aside"]


def test_what_fails_aside_is_raised_at_the_end_of_the_block() -> None:
    def fail() -> None:
        raise UserError("no mirror")

    done = []
    with pytest.raises(UserError, match="no mirror"), aside(fail):
        done.append("block")
    assert done == ["block"]


def test_nobody_waits_for_it_when_the_block_fails() -> None:
    never = threading.Event()
    with pytest.raises(KeyboardInterrupt), aside(lambda: never.wait(600)):
        raise KeyboardInterrupt
