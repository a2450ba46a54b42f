"""What is said of an object, and when it is worth a write."""

import pytest

from meshd.runtime.status.condition import Condition, by_type, merge, same
from meshd.runtime.status.objects import Judgement
from meshd.runtime.status.pace import LASTING_SECONDS, LONG_SECONDS, PATIENCE_SECONDS, SETTLE_SECONDS, Pending, wait_for
from meshd.runtime.status.tally import Refused, Tally, add
from meshd.runtime.status.verdict import conditions_of

FINE = Judgement()
WHOLE = Tally(concerned=5)
REFUSED = Tally(5, refused=2, refusals=(Refused("shop/a", "Cluster c", "bad"), Refused("shop/b", "Cluster c", "bad")))


def said(judgement: Judgement, missing: tuple[str, ...], tally: Tally) -> dict[str, tuple[str, str, str]]:
    found = conditions_of(judgement, missing, tally, 7)
    assert {condition.observed_generation for condition in found} == {7}
    return {c.type: (c.status, c.reason, c.message) for c in found}


def test_all_is_well() -> None:
    assert said(FINE, (), WHOLE) == {
        "Accepted": ("True", "Accepted", "valid"),
        "Supported": ("True", "Supported", "every field that is set has its effect"),
        "Reconciled": ("True", "Applied", "in force at 5 of 5 proxies"),
    }


@pytest.mark.parametrize(
    ("judgement", "missing", "tally", "status", "reason", "message"),
    [
        (Judgement("spec.hosts: wrong"), (), WHOLE, "False", "Invalid", "this version of the object is left out"),
        (Judgement(supported=False), (), WHOLE, "False", "NoEffect", "the kind is not supported yet"),
        (FINE, ("a/v1", "b"), WHOLE, "False", "Waiting", "waits for a/v1, b; what was in force before stays"),
        (
            FINE, (), REFUSED, "False", "Refused",
            "in force at 3 of 5 proxies; Envoy refused Cluster c at shop/a, shop/b: bad",
        ),
        (
            FINE, (), Tally(9, refused=4, refusals=REFUSED.refusals), "False", "Refused",
            "in force at 5 of 9 proxies; Envoy refused Cluster c at shop/a, shop/b: bad; and at 2 more",
        ),
        (
            FINE, (), Tally(9, late=3, late_names=("shop/a",)), "False", "Late",
            "in force at 6 of 9 proxies; no answer yet from shop/a and 2 more",
        ),
        (FINE, (), Tally(), "Unknown", "NoProxies", "no connected proxy is given anything made from it"),
        (FINE, (), Tally(9, pending=2), "True", "Applied", "in force at 7 of 9 proxies"),
    ],
)  # fmt: skip
def test_what_keeps_it_from_being_in_force(
    judgement: Judgement, missing: tuple[str, ...], tally: Tally, status: str, reason: str, message: str
) -> None:
    assert said(judgement, missing, tally)["Reconciled"] == (status, reason, message)


def test_what_is_wrong_or_without_effect_is_named() -> None:
    wrong = said(Judgement("spec.hosts: must not be empty", ("spec.x: no effect", "spec.y: no effect")), (), WHOLE)
    assert wrong["Accepted"] == (
        "False", "Invalid", "spec.hosts: must not be empty; its last good version stays in force",
    )  # fmt: skip
    assert wrong["Supported"] == ("False", "NoEffect", "spec.x: no effect; spec.y: no effect")


def test_a_message_has_an_end() -> None:
    assert len(said(Judgement("x" * 9999), (), WHOLE)["Accepted"][2]) == 2000


def test_replicas_add_up() -> None:
    parts = [Tally(3, 1, 1, late_names=("n/z",)), Tally(4, late=3, refused=1, late_names=("n/a", "n/b", "n/c"))]
    assert add(parts) == Tally(7, 1, 4, 1, ("n/a", "n/b", "n/c"))


def test_the_time_of_a_transition_stays_until_the_status_differs() -> None:
    old = merge((), conditions_of(FINE, (), WHOLE, 1), "then")
    foreign = Condition("Ready", "True", last_transition_time="long ago")
    merged = by_type(merge((foreign, *old), conditions_of(FINE, (), REFUSED, 2), "now"))
    assert {name: condition.last_transition_time for name, condition in merged.items()} == {
        "Ready": "long ago",
        "Accepted": "then",
        "Supported": "then",
        "Reconciled": "now",
    }


def test_the_number_of_proxies_alone_is_no_reason_to_write() -> None:
    written = conditions_of(FINE, (), WHOLE, 1)
    assert same(written, conditions_of(FINE, (), Tally(900), 1))
    assert same((*written, Condition("Ready", "True")), written)
    assert not same(written, conditions_of(FINE, (), WHOLE, 2))
    assert not same(written, conditions_of(FINE, (), REFUSED, 1))
    assert not same((), written)


GOOD, BAD, NOBODY = (conditions_of(FINE, (), tally, 2) for tally in (WHOLE, REFUSED, Tally()))
OLD = conditions_of(FINE, (), WHOLE, 1)


@pytest.mark.parametrize(
    ("written", "wanted", "tally", "seconds"),
    [
        (GOOD, GOOD, WHOLE, float("inf")),
        ((), GOOD, WHOLE, SETTLE_SECONDS),
        (OLD, GOOD, WHOLE, SETTLE_SECONDS),
        (OLD, GOOD, Tally(5, pending=1), PATIENCE_SECONDS),
        (OLD, BAD, REFUSED, SETTLE_SECONDS),
        (OLD, NOBODY, Tally(), PATIENCE_SECONDS),
        (GOOD, BAD, REFUSED, 0.0),
        (BAD, GOOD, WHOLE, LASTING_SECONDS),
        (GOOD, NOBODY, Tally(), LONG_SECONDS),
    ],
)
def test_bad_news_goes_out_at_once_and_good_news_when_it_lasts(
    written: tuple[Condition, ...], wanted: tuple[Condition, ...], tally: Tally, seconds: float
) -> None:
    assert wait_for(Pending(wanted, 100.0), written, tally, 100.0) == seconds
    if seconds < float("inf"):
        assert wait_for(Pending(wanted, 100.0), written, tally, 100.0 + seconds) <= 0
