"""Weighted routes hit their weights: one exact binomial test on 5,000 requests, decided once.

The verdict of a 90/10 split refuses a right split less than once in a million runs and lets a true 85/15 pass less
than once in ten million; a real 85/15 split is put before it to see that it is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from conformance.backends import Backends, GatewayEntrance
from conformance.calls import Tally, Target
from conformance.manifests import Manifests
from conformance.statistics import acceptance_region

pytestmark = pytest.mark.canary
HERE = Path(__file__).parent
REQUESTS = 5_000
ALTERNATIVES = {90: 0.85, 50: 0.45, 100: 0.95}
"""What each split is told apart from: the miss rate reported is that of this true share."""

Measured = Callable[[str, object], None]


@contextmanager
def split(manifests: Manifests, target: Target, stable: int) -> Iterator[None]:
    """The split in force at `target`. The rule marks its answers, so that an earlier one cannot be mistaken for it."""
    with manifests.applied(HERE / "canary.yaml", stable=str(stable), canary=str(100 - stable)):
        # A mark other than told is for the verdict on the counts to find, not for this wait.
        target.must_become(lambda r: r.status == 200 and "x-split" in r.headers, f"a {stable}/{100 - stable} split")
        yield


def send(target: Target) -> Tally:
    tally = target.load(REQUESTS)
    assert tally.statuses == {"200": REQUESTS}, str(tally)
    return tally


def judge(target: Target, stable: int, measured: Measured) -> None:
    tally = send(target)
    region = acceptance_region(REQUESTS, stable / 100)
    verdict = region.judge(tally.values.get("v1", 0), against=ALTERNATIVES[stable])
    measured(f"{stable}/{100 - stable} from {'the gateway' if target.host else 'a pod'}", verdict)
    assert region.accepts(tally.values.get("v1", 0)), verdict


@pytest.mark.smoke
def test_90_10_at_the_gateway(manifests: Manifests, gateway: GatewayEntrance, measured: Measured) -> None:
    target = gateway.host("canary")
    with split(manifests, target, 90):
        judge(target, 90, measured)


@pytest.mark.parametrize("stable", [90, 50, 100])
def test_split_between_services(manifests: Manifests, backends: Backends, measured: Measured, stable: int) -> None:
    target = backends.service("canary")
    with split(manifests, target, stable):
        judge(target, stable, measured)


def test_85_15_is_refused_by_the_verdict_of_90_10(manifests: Manifests, backends: Backends, measured: Measured) -> None:
    target = backends.service("canary")
    with split(manifests, target, 85):
        count = send(target).values.get("v1", 0)
    verdict = acceptance_region(REQUESTS, 0.90).judge(count, against=0.85)
    measured("a true 85/15 judged as 90/10", verdict)
    assert not acceptance_region(REQUESTS, 0.90).accepts(count), verdict
    assert acceptance_region(REQUESTS, 0.85).accepts(count), verdict
