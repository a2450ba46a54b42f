"""Metrics are turned off one by one, by their own names too, or all at once, where it is said and nowhere else."""

from __future__ import annotations

from pathlib import Path

import pytest

from conformance.backends import Backends
from conformance.convergence import eventually
from conformance.manifests import Manifests
from conformance.metrics.prometheus import Counts, counter_sum, query
from conformance.timeouts import TIMEOUTS

pytestmark = pytest.mark.telemetry
HERE = Path(__file__).parent
REQUESTS = 40
METRICS = ("requests_total", "request_duration_milliseconds_count", "request_bytes_count", "response_bytes_count")
OFF = {
    "source": {"v1": set(METRICS), "v2": set(METRICS)},
    "destination": {
        "v1": {"request_duration_milliseconds_count"},
        "v2": {"response_bytes_count", "request_bytes_count"},
    },
}
"""As in the manifest, by who reports and which version is asked."""


def off(reporter: str, version: str, metric: str) -> bool:
    return metric in OFF[reporter][version]


def test_metrics_are_turned_off_where_it_is_said(manifests: Manifests, backends: Backends, prometheus_url: str) -> None:
    target = backends.service("counted")
    service = {
        "destination_service_name": "counted",
        "destination_service_namespace": backends.settings.namespace,
    }

    def counted(metric: str, by: tuple[str, ...], reporter: str) -> Counts:
        asked = counter_sum(f"istio_{metric}", by, reporter=reporter, **service)
        return query(prometheus_url, asked, by, TIMEOUTS.request)

    def look() -> dict[tuple[str, str, str], int]:
        """Counts by who reports, the version asked, and the metric."""
        return {
            (reporter, version, metric): counted(metric, ("destination_version",), reporter).get((version,), 0)
            for reporter, versions in OFF.items()
            for version in versions
            for metric in METRICS
        }

    def in_force() -> None:
        target.load(4)
        by = ("destination_version", "said")
        found = counted("requests_total", by, "destination")
        assert {("v1", "told"), ("v2", "told")} <= found.keys(), f"{found} at the servers"

    def judged() -> None:
        """What is on has counted all requests, what is off none, not even a scrape later."""
        before = look()
        tally = target.load(REQUESTS)
        assert tally.statuses == {"200": REQUESTS}, str(tally)

        def grown() -> dict[tuple[str, str, str], int]:
            return {key: count - before[key] for key, count in look().items()}

        def arrived() -> None:
            late = {key: count for key, count in grown().items() if not off(*key) and count < tally.values[key[1]]}
            assert not late, f"{late} of {tally.values}"

        pause = TIMEOUTS.scrape_stays / 4
        eventually(arrived, within=TIMEOUTS.scrape, what="counts", successes=4, interval=pause)
        counted_though_off = {key: count for key, count in grown().items() if off(*key) and count}
        assert not counted_though_off, str(counted_though_off)

    with manifests.applied(HERE / "counted.yaml"):
        eventually(in_force, within=TIMEOUTS.scrape, what="labels of the servers' own", successes=1, interval=0.5)
        eventually(judged, within=TIMEOUTS.scrape, what="metrics that are off", successes=1)
