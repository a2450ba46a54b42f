"""A budget or a number limits the retries under way at once: the backend counts what fails together."""

from __future__ import annotations

import uuid
from pathlib import Path

import pytest

from conformance.backends import Backends
from conformance.convergence import eventually
from conformance.manifests import Manifests
from conformance.timeouts import TIMEOUTS

pytestmark = pytest.mark.retries
HERE = Path(__file__).parent
TOGETHER = 10
BEFORE = 60
"""Requests that go well, for budgets of a whole interval."""
SECONDS = "1"
"""How long each attempt takes, so that a retry is still under way when the last of the requests fails."""


@pytest.mark.parametrize(
    ("policy", "all_repeated"),
    [
        ("retryBudget: {percent: 1, minRetryConcurrency: 1}", False),
        ("retryBudget: {percent: 1, minRetryConcurrency: 10}", True),
        ("retryBudget: {percent: 1, minRetryConcurrency: 1, budgetInterval: 60s}", False),
        ("retryBudget: {percent: 50, minRetryConcurrency: 1, budgetInterval: 60s}", True),
        ("connectionPool: {http: {maxRetries: 1}}", False),
        ("connectionPool: {http: {maxRetries: 10}}", True),
    ],
)
def test_retries_are_limited(manifests: Manifests, backends: Backends, policy: str, all_repeated: bool) -> None:
    target = backends.service("budget")

    def check() -> None:
        assert target.load(BEFORE).statuses == {"200": BEFORE}
        test_id = uuid.uuid4().hex
        failing = {"x-echo-status": "503", "x-echo-delay": SECONDS, "x-echo-id": test_id}
        assert target.load(TOGETHER, concurrency=TOGETHER, headers=failing).statuses == {"503": TOGETHER}
        attempts: int = target.send(f"/attempts?id={test_id}").seen["GET"]
        repeated = attempts - TOGETHER
        assert (repeated == TOGETHER) is all_repeated, f"{repeated} of {TOGETHER} requests repeated"
        assert repeated >= 1, "none repeated"

    with manifests.applied(HERE / "budget.yaml", policy=f"{{{policy}}}"):
        eventually(check, within=TIMEOUTS.config_takes_effect, what=policy, successes=2)
