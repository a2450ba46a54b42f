"""What holds routes back, on its own."""

from __future__ import annotations

from sys import getsizeof

from meshd.model.resource import CLUSTER, ENDPOINT
from meshd.xds.warming import ALL, PATIENCE_SECONDS, Warming


def _warming(now: float = 0.0) -> Warming:
    warming = Warming(now)
    warming.abandon((ALL,))
    return warming


def test_a_cluster_waits_for_what_it_has() -> None:
    warming = _warming()
    warming.begin(["a", "b"], True, 0.0)
    warming.begin(["plain"], False, 0.0)
    warming.acknowledged(CLUSTER, ["a", "b", "plain", "unknown"])
    assert warming
    warming.acknowledged(ENDPOINT, ["a"])
    assert warming
    warming.acknowledged(ENDPOINT, ["b"])
    assert not warming


def test_the_order_of_acknowledgements_does_not_matter() -> None:
    warming = _warming()
    warming.begin(["a"], True, 0.0)
    warming.acknowledged(ENDPOINT, ["a"])
    warming.acknowledged(ENDPOINT, ["a"])
    assert warming
    warming.acknowledged(CLUSTER, ["a"])
    assert not warming


def test_time_is_up_for_those_that_began_first() -> None:
    warming = _warming()
    warming.begin(["a", "b"], True, 0.0)
    warming.begin(["c"], True, 1.0)
    warming.begin(["a"], True, 2.0)
    assert warming.deadline == PATIENCE_SECONDS
    assert warming.expire(PATIENCE_SECONDS - 0.1) == ()
    assert warming.expire(PATIENCE_SECONDS + 1.0) == ("b", "c")
    assert warming.deadline == PATIENCE_SECONDS + 2.0


def test_nothing_of_a_large_start_is_kept() -> None:
    warming = _warming()
    names = [str(number) for number in range(3000)]
    warming.begin(names, False, 0.0)
    warming.acknowledged(CLUSTER, names)
    assert getsizeof(warming._waits) < 1000
