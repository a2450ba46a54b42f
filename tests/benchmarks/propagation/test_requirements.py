from __future__ import annotations

import pytest

from benchmarks.propagation.changes import ENDPOINTS, VIRTUAL_SERVICE
from benchmarks.propagation.requirements import HOLDS, MISSED, NOT_MEASURED, requirements
from benchmarks.propagation.results import Cell, Load
from tests.benchmarks.propagation.measured import cell, load

PEER = {"control_plane": "istiod-1ms"}


def _verdict(words: str, cells: list[Cell], loads: list[Load] | None = None) -> str:
    (found,) = [each for each in requirements(cells, loads or []) if words in each.text]
    return found.verdict


def test_what_was_not_measured_is_not_judged() -> None:
    assert {each.verdict for each in requirements([], [])} == {NOT_MEASURED}


def test_ahead_means_ahead_at_every_size() -> None:
    ahead = [cell(), cell(**PEER, p50=12.0, p99=20.0)]
    words = f"{VIRTUAL_SERVICE}: ahead of istiod at 1 ms debounce in p50"
    assert _verdict(words, ahead) == HOLDS
    assert _verdict(words, [*ahead, cell(services=1000, p50=9.0), cell(**PEER, services=1000, p50=9.0)]) == MISSED
    assert _verdict(f"{ENDPOINTS}: ahead of istiod at 1 ms debounce in p50", ahead) == NOT_MEASURED


def test_the_sizes_behind_are_named() -> None:
    cells = [cell(p99=30.0), cell(**PEER, p99=20.0)]
    found = {each.found for each in requirements(cells, []) if each.verdict == MISSED}
    assert "200 services, 1 proxies: 30.0 ms to 20.0 ms" in found


@pytest.mark.parametrize(("p50", "verdict"), [(5.99, HOLDS), (6.0, MISSED)])
def test_a_limit_in_time_must_be_kept_below(p50: float, verdict: str) -> None:
    assert _verdict("p50 below 6 ms", [cell(p50=p50)]) == verdict


@pytest.mark.parametrize(("size", "verdict"), [(1024.0, HOLDS), (1025.0, MISSED)])
def test_the_largest_number_of_bytes_counts(size: float, verdict: str) -> None:
    cells = [cell(services=1000, bytes_per_proxy=10.0), cell(services=1000, proxies=100, bytes_per_proxy=size)]
    assert _verdict("at most 1 KB", cells) == verdict


@pytest.mark.parametrize(("peer", "verdict"), [(300.0, HOLDS), (299.0, MISSED)])
def test_memory_is_held_against_the_peer(peer: float, verdict: str) -> None:
    assert _verdict("peak memory", [], [load(), load(**PEER, peak_memory=peer)]) == verdict
    assert _verdict("peak memory", [], [load()]) == NOT_MEASURED


def test_cpu_for_a_change_is_judged_at_the_largest_size_only() -> None:
    small = [cell(cpu_per_change=9.0), cell(**PEER)]
    words = f"CPU for one change ({VIRTUAL_SERVICE})"
    assert _verdict(words, small) == NOT_MEASURED
    large = {"services": 1000, "proxies": 1000}
    assert _verdict(words, [*small, cell(**large), cell(**PEER, **large, cpu_per_change=9.0)]) == HOLDS
