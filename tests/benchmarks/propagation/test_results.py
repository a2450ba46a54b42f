from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.propagation.results import KindResult, Stage, cells, loads, mean, percentile


@pytest.mark.parametrize(("percent", "value"), [(0, 1.0), (50, 5.0), (90, 9.0), (91, 10.0), (99, 10.0), (100, 10.0)])
def test_percentile_is_the_nearest_rank(percent: float, value: float) -> None:
    assert percentile([float(number) for number in range(10, 0, -1)], percent) == value


@given(st.lists(st.floats(0, 1e6), min_size=1), st.integers(1, 100))
def test_a_percentile_is_a_value_that_enough_others_do_not_exceed(values: list[float], percent: int) -> None:
    found = percentile(values, percent)
    assert found in values
    assert sum(value <= found for value in values) * 100 >= percent * len(values)
    assert sum(value < found for value in values) * 100 < percent * len(values)


def test_nothing_measured_is_no_number() -> None:
    assert math.isnan(percentile([], 50))
    assert math.isnan(mean([]))


def _stage(latencies: list[float], peak: float) -> Stage:
    result = KindResult(latencies, [max(latencies)], [0.002], 2000, 0.01)
    return Stage("meshd", 50, 2, 2, 1.0, 0.5, [0.1, 0.2, 0.3], 90.0, peak, {"endpoint": result})


def test_rounds_of_one_size_are_put_together() -> None:
    (found,) = cells([_stage([0.003, 0.004], 100.0), _stage([0.005, 0.009], 120.0)])
    assert (found.control_plane, found.services, found.proxies, found.kind) == ("meshd", 50, 2, "endpoint")
    assert found.changes == 2
    assert (found.p50, found.max) == pytest.approx((4.0, 9.0))
    assert (found.whole_p50, found.write_p50) == pytest.approx((4.0, 2.0))
    assert found.bytes_per_proxy == 1000
    assert found.cpu_per_change == pytest.approx(10.0)


def test_the_largest_memory_of_all_rounds_counts() -> None:
    (found,) = loads([_stage([0.003], 120.0), _stage([0.003], 100.0)])
    assert found.peak_memory == 120.0
    assert found.join_p50 == pytest.approx(200.0)
    assert found.connect_seconds == 1.0


def test_sizes_stay_apart() -> None:
    other = _stage([0.5], 1.0)
    other.services = 200
    assert [each.services for each in cells([_stage([0.003], 1.0), other])] == [50, 200]
