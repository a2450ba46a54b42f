"""Near endpoints go before far ones, or localities get their shares, as the client's own place and labels say.

Four pods behind one Service say by a label where they are, and so does the visitor, who is where `north` is. Each
answer names its place.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from conformance.backends import Backends
from conformance.callers import PodCaller
from conformance.calls import Target
from conformance.convergence import eventually
from conformance.kubernetes import Kubernetes
from conformance.manifests import Manifests
from conformance.settings import Settings
from conformance.statistics import acceptance_region
from conformance.timeouts import TIMEOUTS

pytestmark = pytest.mark.locality
HERE = Path(__file__).parent
REQUESTS = 5_000
LOOKS = 20
ERRORS = 5
"""Failures in a row that take an endpoint out, see each manifest."""
PLACES = {
    "north": ("eu.north.a", "silver"),
    "south": ("eu.south.a", "silver"),
    "america": ("us.west.a", "gold"),
    "asia": ("asia.east.a", "gold"),
}

Measured = Callable[[str, object], None]


@pytest.fixture(scope="module")
def callers(
    kubernetes: Kubernetes, manifests: Manifests, settings: Settings, backends: Backends
) -> Iterator[dict[str, PodCaller]]:
    """`visitor` in eu.north.a, whose tier is gold; `america`, one of the servers; and one that nobody knows where."""
    made: dict[str, PodCaller] = {}
    with ExitStack() as stack:
        stack.enter_context(manifests.applied(HERE / "service.yaml"))
        pods = {name: (locality, tier, "place") for name, (locality, tier) in PLACES.items()}
        pods["visitor"] = ("eu.north.a", "gold", "visitor")
        for name, (locality, tier, app) in pods.items():
            stack.enter_context(
                manifests.applied(HERE / "place.yaml", name=name, locality=locality, tier=tier, app=app)
            )
        kubernetes.rollout(settings.namespace, list(pods), TIMEOUTS.pods_ready)
        for name in ("visitor", "america"):
            [pod] = kubernetes.running_pods(settings.namespace, f"place={name}")
            made[name] = PodCaller(kubernetes, settings.namespace, pod, "place")
            stack.callback(made[name].close)
        yield {**made, "nowhere": backends.client}


def must_answer(target: Target, *places: str) -> None:
    """Wait until these places answer, all of them and no other."""

    def check() -> None:
        found = {response.version for response in target.send_all([target.request()] * LOOKS)}
        assert found == set(places), f"answers from {sorted(found)}"

    eventually(check, within=TIMEOUTS.endpoints_follow, what=f"answers from {', '.join(places)} alone")


def fail(target: Target) -> None:
    """Requests that take out the endpoint they go to."""
    answers = target.send_all([target.request(headers={"x-echo-status": "500"})] * ERRORS)
    assert [answer.status for answer in answers] == [500] * ERRORS


def test_localities_get_their_shares(
    manifests: Manifests, backends: Backends, callers: dict[str, PodCaller], measured: Measured
) -> None:
    visitor, america, nowhere = (
        backends.service("places", caller=callers[name]) for name in ("visitor", "america", "nowhere")
    )
    with manifests.applied(HERE / "shares.yaml"):
        must_answer(visitor, "north", "america")
        tally = visitor.load(REQUESTS)
        assert tally.statuses == {"200": REQUESTS}, str(tally)
        assert set(tally.values) == {"north", "america"}, str(tally.values)
        region = acceptance_region(REQUESTS, 0.70)
        verdict = region.judge(tally.values["north"], against=0.65)
        measured("shares of 70 and 30", verdict)
        assert region.accepts(tally.values["north"]), verdict
        must_answer(america, "north", "south")
        must_answer(nowhere, *PLACES)


def test_near_endpoints_go_first_and_come_back(
    manifests: Manifests,
    backends: Backends,
    callers: dict[str, PodCaller],
    kubernetes: Kubernetes,
    settings: Settings,
) -> None:
    visitor, america = (backends.service("places", caller=callers[name]) for name in ("visitor", "america"))
    with manifests.applied(HERE / "near.yaml"):
        must_answer(visitor, "north")
        must_answer(america, "america")
        try:
            kubernetes.kubectl("scale", "--replicas=0", "deployment/north", "-n", settings.namespace)
            must_answer(visitor, "south")
        finally:
            kubernetes.kubectl("scale", "--replicas=1", "deployment/north", "-n", settings.namespace)
            kubernetes.rollout(settings.namespace, ["north"], TIMEOUTS.pods_ready)
        must_answer(visitor, "north")


def test_load_is_even_with_as_little_between_zones_as_that_allows(
    manifests: Manifests,
    backends: Backends,
    callers: dict[str, PodCaller],
    kubernetes: Kubernetes,
    settings: Settings,
) -> None:
    """A region's only client uses all of it; with a client in each zone, each zone has enough for its own."""
    target = backends.service("places", caller=callers["visitor"])
    with manifests.applied(HERE / "zones.yaml", setting="{minClusterSize: 2, failover: [{from: eu, to: asia}]}"):
        must_answer(target, "north", "south")
        second = {"name": "second", "locality": "eu.south.a", "tier": "gold", "app": "visitor"}
        with manifests.applied(HERE / "place.yaml", **second):
            kubernetes.rollout(settings.namespace, ["second"], TIMEOUTS.pods_ready)
            must_answer(target, "north")
            for place in ("south", "asia", "america"):
                fail(target)
                must_answer(target, place)


def test_few_endpoints_are_used_alike_whatever_their_zone(
    manifests: Manifests, backends: Backends, callers: dict[str, PodCaller]
) -> None:
    america = backends.service("places", caller=callers["america"])
    with manifests.applied(HERE / "zones.yaml", setting="{minClusterSize: 1}"):
        must_answer(america, "america")
    with manifests.applied(HERE / "zones.yaml", setting='{failoverPriority: ["tier=silver"]}'):
        must_answer(america, "north", "south")
    with manifests.applied(HERE / "zones.yaml", setting="{enabled: false}"):
        must_answer(backends.service("places", caller=callers["visitor"]), "north")


@pytest.mark.parametrize(
    ("manifest", "region", "order"),
    [
        ("failover.yaml", "asia", (("north",), ("south",), ("asia",), ("america",))),
        ("failover.yaml", "us", (("north",), ("south",), ("america",), ("asia",))),
        ("by_label.yaml", "", (("asia", "america"),)),
        ("by_value.yaml", "", (("north",), ("south",))),
    ],
    ids=["to asia", "to america", "by label", "by a value"],
)
def test_endpoints_that_fail_give_way_to_the_next(
    manifests: Manifests,
    backends: Backends,
    callers: dict[str, PodCaller],
    manifest: str,
    region: str,
    order: tuple[tuple[str, ...], ...],
) -> None:
    target = backends.service("places", caller=callers["visitor"])
    with manifests.applied(HERE / manifest, region=region):
        must_answer(target, *order[0])
        for place in order[1:]:
            fail(target)
            must_answer(target, *place)


def test_none_goes_before_another_where_that_is_turned_off(
    manifests: Manifests, backends: Backends, callers: dict[str, PodCaller]
) -> None:
    with manifests.applied(HERE / "everywhere.yaml"):
        must_answer(backends.service("places", caller=callers["visitor"]), *PLACES)
