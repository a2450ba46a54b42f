"""The binomial verdict: exact, smallest, with the error rates it claims."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from conformance.statistics import ALPHA, acceptance_region, log_probability, probability_between

counts = st.integers(min_value=1, max_value=400)
shares = st.floats(min_value=0.001, max_value=0.999)


@given(n=counts, p=shares, data=st.data())
@settings(deadline=None)
def test_probabilities_agree_with_scipy(n: int, p: float, data: st.DataObject) -> None:
    k = data.draw(st.integers(min_value=0, max_value=n))
    assert math.exp(log_probability(n, p, k)) == pytest.approx(float(stats.binom.pmf(k, n, p)), rel=1e-7, abs=1e-300)


@given(n=counts, p=shares, alpha=st.floats(min_value=1e-9, max_value=0.2))
@settings(deadline=None)
def test_a_right_split_is_refused_at_most_alpha(n: int, p: float, alpha: float) -> None:
    region = acceptance_region(n, p, alpha)
    assert 0 <= region.low <= region.high <= n
    assert region.false_alarm <= alpha * (1 + 1e-9)
    assert region.false_alarm + region.probability(p) == pytest.approx(1.0)


@given(n=counts, p=shares, alpha=st.floats(min_value=1e-9, max_value=0.2))
@settings(deadline=None)
def test_no_smaller_region_would_do(n: int, p: float, alpha: float) -> None:
    region = acceptance_region(n, p, alpha)
    if region.low < n:
        assert probability_between(n, p, 0, region.low) > alpha / 2 * (1 - 1e-9)
    if region.high > 0:
        assert probability_between(n, p, region.high, n) > alpha / 2 * (1 - 1e-9)


@given(n=counts, p=shares)
@settings(deadline=None)
def test_the_mirrored_split_has_the_mirrored_region(n: int, p: float) -> None:
    region, mirrored = acceptance_region(n, p), acceptance_region(n, 1 - p)
    # 1 - (1 - p) is not always p, so the border may move by one.
    assert abs(mirrored.low - (n - region.high)) <= 1
    assert abs(mirrored.high - (n - region.low)) <= 1


def test_the_rates_that_the_suite_states_hold() -> None:
    region = acceptance_region(5_000, 0.90)
    assert region.false_alarm <= ALPHA
    assert region.probability(0.85) < 1e-7
    assert region.probability(0.80) < 1e-15
    assert (region.low, region.high) == (4393, 4601)
    assert not region.accepts(4250)
    assert region.accepts(4500)


def test_all_or_nothing_passes_exactly_one_count() -> None:
    whole = acceptance_region(5_000, 1.0)
    assert (whole.low, whole.high, whole.false_alarm) == (5_000, 5_000, 0.0)
    assert acceptance_region(10, 0.0).accepts(0)
    assert not acceptance_region(10, 0.0).accepts(1)


def test_the_verdict_states_both_error_rates() -> None:
    text = acceptance_region(5_000, 0.90).judge(4_250, against=0.85)
    assert text.startswith("4250 of 5000 refused as a 90% split (4393 to 4601 pass; false alarm ")
    assert "a true 85% passes with" in text


@pytest.mark.parametrize(("n", "p", "alpha"), [(0, 0.5, 0.1), (5, 1.5, 0.1), (5, 0.5, 0.0), (5, -0.1, 0.5)])
def test_rejects_what_is_no_test(n: int, p: float, alpha: float) -> None:
    with pytest.raises(ValueError, match="no binomial test"):
        acceptance_region(n, p, alpha)
