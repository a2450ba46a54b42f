"""How many endpoints must be left for those that fail to be taken out."""

from __future__ import annotations

from pathlib import Path

import pytest

from conformance.backends import Backends
from conformance.convergence import eventually
from conformance.manifests import Manifests
from conformance.timeouts import TIMEOUTS

pytestmark = pytest.mark.destination_policy
HERE = Path(__file__).parent
REPEATS = 30
"""Two endpoints taken in turn or at random agree so often once in half a billion times."""


@pytest.mark.parametrize("errors", ["consecutive5xxErrors", "consecutiveErrors"])
@pytest.mark.parametrize(("percent", "used"), [("0", 1), ("60", 2)])
def test_endpoints_that_fail_are_used_when_too_few_are_left(
    manifests: Manifests, backends: Backends, errors: str, percent: str, used: int
) -> None:
    echo = backends.service("echo")

    def fail() -> None:
        """More failures in a row than it takes to have one of the two endpoints taken out."""
        answers = echo.send_all([echo.request(headers={"x-echo-status": "500"})] * REPEATS)
        assert {answer.status for answer in answers} == {500}

    def answering() -> int:
        answers = echo.send_all([echo.request()] * REPEATS)
        assert {answer.status for answer in answers} == {200}
        return len({answer.pod for answer in answers})

    def check() -> None:
        fail()
        found = answering()
        assert found == used, f"{found} endpoints answer"

    with manifests.applied(HERE / "health.yaml", errors=errors, percent=percent):
        eventually(check, within=TIMEOUTS.config_takes_effect, what=f"{used} endpoints answering", successes=2)
