"""Objects written by hand take effect within a second, and changing them loses no request."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest

from conformance.backends import Backends, GatewayEntrance
from conformance.calls import Target
from conformance.convergence import eventually
from conformance.manifests import Manifests
from conformance.timeouts import TIMEOUTS

pytestmark = pytest.mark.live_config
MANIFEST = Path(__file__).parent / "live-config.yaml"


def seconds_until(target: Target, edition: str, written: float) -> float:
    """Seconds from `written` (monotonic) until the first answer by this edition of the rule."""

    def check() -> float:
        answer = target.send()
        assert answer.headers.get("x-edition") == edition, f"edition {answer.headers.get('x-edition')}: {answer}"
        return time.monotonic() - written

    return eventually(
        check, within=TIMEOUTS.config_takes_effect, what=f"edition {edition}", successes=1, interval=0.005
    )


@pytest.mark.parametrize("where", ["mesh", "gateway"])
def test_rules_take_effect_within_a_second(
    manifests: Manifests,
    backends: Backends,
    request: pytest.FixtureRequest,
    measured: Callable[[str, object], None],
    where: str,
) -> None:
    target = backends.service("live")
    if where == "gateway":
        entrance: GatewayEntrance = request.getfixturevalue("gateway")
        target = entrance.host("live")
    with ExitStack() as stack:
        stack.enter_context(manifests.applied(MANIFEST, edition="first"))
        target.must_become(lambda r: r.headers.get("x-edition") == "first", "the first edition")
        taken = []
        with target.steady(rate=50, concurrency=2) as load:
            for number in range(TIMEOUTS.live_config_rounds):
                manifests.apply(MANIFEST, edition=f"edition-{number}")
                taken.append(seconds_until(target, f"edition-{number}", time.monotonic()))
    median = statistics.median(taken)
    slowest = max(taken)
    measured(f"kubectl's return to effect, {where}", f"median {median * 1000:.0f} ms, max {slowest * 1000:.0f} ms")
    measured(f"requests meanwhile, {where}", str(load.tally))
    assert median <= TIMEOUTS.live_config, taken
    assert load.tally.failures == 0, f"{load.tally}, first: {load.tally.samples[:1]}"
