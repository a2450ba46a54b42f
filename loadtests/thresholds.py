"""What a load has to stay within, in one table, and the judgement that becomes the exit code."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from conformance.statistics import acceptance_region


@dataclass(frozen=True)
class Threshold:
    """Limits for the requests of one name: share of failures (0 to 1), 95th percentile, and a least number."""

    max_failure_ratio: float
    max_p95_ms: float
    min_requests: int


THRESHOLDS: Mapping[str, Threshold] = {
    "browse: front page": Threshold(0.001, 800, 10),
    "browse: product page": Threshold(0.001, 1200, 10),
    "browse: reviews": Threshold(0.001, 1000, 10),
    "browse: order": Threshold(0.001, 1200, 1),
    "canary: reviews": Threshold(0.001, 800, 20),
    "canary: reviews of testers": Threshold(0.001, 800, 5),
    "retries: flaky ratings": Threshold(0.01, 1000, 20),
}
"""For a 2-core machine that runs cluster, mesh, shop and the load itself. The flaky endpoint fails a third of its
attempts; five retries leave about one failure in 700 requests when failures and requests are independent."""

CANARY_SHARE = 0.90
"""Share of plain visitors that the canary's manifest sends to reviews v1."""
MIN_ATTEMPTS_PER_REQUEST = 1.2
"""The flaky endpoint makes it 1.5 when it fails as it should; about 1 would mean that there was nothing to retry."""


@dataclass(frozen=True)
class Measured:
    """What Locust measured for the requests of one name."""

    name: str
    requests: int
    failures: int
    p95_ms: float

    @property
    def failure_ratio(self) -> float:
        """Failures among the requests, 0 without any."""
        return self.failures / self.requests if self.requests else 0.0


@dataclass(frozen=True)
class Verdict:
    """One judgement: whether it holds, and the numbers in words."""

    holds: bool
    text: str


def judge(measured: Measured) -> Verdict:
    """One name's requests against its limits. Names that the table does not know must not fail at all."""
    limit = THRESHOLDS.get(measured.name, Threshold(0.0, float("inf"), 0))
    missed = []
    if measured.requests < limit.min_requests:
        missed.append(f"fewer than {limit.min_requests} requests")
    if measured.failure_ratio > limit.max_failure_ratio:
        missed.append(f"more than {limit.max_failure_ratio:.1%} failed")
    if measured.p95_ms > limit.max_p95_ms:
        missed.append(f"p95 above {limit.max_p95_ms:.0f} ms")
    numbers = f"{measured.requests} requests, {measured.failures} failed, p95 {measured.p95_ms:.0f} ms"
    return Verdict(not missed, f"{measured.name}: {numbers}" + (f" ({'; '.join(missed)})" if missed else ""))


def judge_canary(versions: Mapping[str, int]) -> Verdict | None:
    """The versions plain visitors got against the canary's weights, exactly; None when there were no visitors."""
    total = sum(versions.values())
    if total == 0:
        return None
    region = acceptance_region(total, CANARY_SHARE)
    v1 = versions.get("v1", 0)
    strangers = sorted(version or "none" for version in versions.keys() - {"v1", "v2"})
    text = "canary: " + region.judge(v1, against=CANARY_SHARE - 0.10)
    if strangers:
        return Verdict(False, f"{text}, and versions outside the split answered: {', '.join(strangers)}")
    return Verdict(region.accepts(v1), text)


def judge_testers(versions: Mapping[str, int]) -> Verdict | None:
    """Testers (by cookie) all get v3; None when there were none."""
    total = sum(versions.values())
    if total == 0:
        return None
    return Verdict(versions.get("v3", 0) == total, f"canary: {versions.get('v3', 0)} of {total} testers got v3")


def judge_attempts(numbers: Iterable[int]) -> Verdict | None:
    """The flaky backend numbers its attempts: were there failures to retry? None with too few answers to tell."""
    seen = sorted(numbers)
    if len(seen) < 20:
        return None
    per_request = (seen[-1] - seen[0] + 1) / len(seen)
    text = f"retries: {per_request:.2f} attempts per request, at least {MIN_ATTEMPTS_PER_REQUEST} expected"
    return Verdict(per_request >= MIN_ATTEMPTS_PER_REQUEST, text)
