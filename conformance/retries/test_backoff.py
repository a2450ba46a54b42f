"""A pause before a retry may be longer than the time that a request has: then it ends unrepeated."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from conformance.backends import Backends
from conformance.calls import Target
from conformance.entrances import CALLERS, reached
from conformance.manifests import Manifests

pytestmark = pytest.mark.retries
HERE = Path(__file__).parent
TOGETHER = 10
BY_CHANCE = 2
"""A pause is anything up to the one told: one of an hour is over in 3 s once in 1,200 times."""


@pytest.fixture(scope="module", params=CALLERS)
def target(request: pytest.FixtureRequest, manifests: Manifests, backends: Backends) -> Iterator[Target]:
    """The host `backoff`, from a pod and through the gateway."""
    with manifests.applied(HERE / "backoff.yaml"):
        target = reached(request, backends, "backoff")
        target.must_become(lambda r: r.status == 418, "the rules in force", path="/in-force")
        target.must_become(lambda r: r.status == 200, "host backoff reachable")
        yield target


def failing(target: Target, path: str) -> tuple[dict[str, int], int]:
    """How requests end that always fail, and the attempts of them all."""
    test_id = uuid.uuid4().hex
    tally = target.load(
        TOGETHER, concurrency=TOGETHER, path=path, headers={"x-echo-status": "500", "x-echo-id": test_id}
    )
    attempts: int = target.send(f"/attempts?id={test_id}").seen["GET"]
    return dict(tally.statuses), attempts


def test_retries_come_at_once_unless_told(target: Target) -> None:
    assert failing(target, "/hasty") == ({"500": TOGETHER}, 4 * TOGETHER)


def test_a_retry_waits_as_long_as_told(target: Target) -> None:
    statuses, attempts = failing(target, "/patient")
    assert statuses == {"504": TOGETHER}
    assert TOGETHER <= attempts <= TOGETHER + BY_CHANCE
