"""Asks Prometheus for a sum by labels, as plain counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import httpx

Counts = dict[tuple[str, ...], int]


def counter_sum(metric: str, by: Sequence[str], **labels: str) -> str:
    """PromQL: the sum of `metric` with exactly these label values, split by the labels `by`."""
    chosen = ",".join(f'{name}="{value}"' for name, value in sorted(labels.items()))
    return f"sum by ({','.join(by)}) ({metric}{{{chosen}}})"


def parse_counts(answer: Mapping[str, Any], by: Sequence[str]) -> Counts:
    """The result of an instant query: counts by the values of the labels `by`. AssertionError on an error answer."""
    assert answer.get("status") == "success", f"Prometheus: {answer.get('error', answer)}"
    return {
        tuple(sample["metric"].get(name, "") for name in by): round(float(sample["value"][1]))
        for sample in answer["data"]["result"]
    }


def query(url: str, promql: str, by: Sequence[str], timeout: float) -> Counts:
    """Run an instant query on the Prometheus at `url`."""
    try:
        answer = httpx.get(f"{url}/api/v1/query", params={"query": promql}, timeout=timeout)
    except httpx.HTTPError as error:
        raise AssertionError(f"Prometheus at {url}: {error}") from error
    return parse_counts(answer.json(), by)
