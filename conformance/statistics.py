"""An exact test for weighted splits, in place of tolerances: its two error rates are known before a request is sent.

Of n independent requests at weight p, the number X that reach the first version is binomial. The verdict accepts
exactly the counts of a two-sided region around n·p that X misses with probability at most alpha. So a mesh that
splits rightly is refused with probability at most alpha (false alarm), and `Region.probability(q)` says how often a
mesh that really splits at q would be accepted (miss). For n = 5,000, p = 0.9 and alpha = 1e-6 the region is 4,393 to
4,601: false alarm below 1e-6, and a true 0.85 is accepted less than once in 10 million runs.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

ALPHA = 1e-6
"""Probability that the verdict refuses a right split: one in a million runs of one test."""


def log_probability(n: int, p: float, k: int) -> float:
    """log P(X = k) for X binomial(n, p); -inf where impossible."""
    if p in (0.0, 1.0):
        return 0.0 if k == n * p else -math.inf
    choose = math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)
    return choose + k * math.log(p) + (n - k) * math.log1p(-p)


def probability_between(n: int, p: float, low: int, high: int) -> float:
    """P(low <= X <= high) for X binomial(n, p)."""
    terms = (math.exp(log_probability(n, p, k)) for k in range(max(low, 0), min(high, n) + 1))
    return min(1.0, math.fsum(terms))


@dataclass(frozen=True)
class Region:
    """The counts (`low` to `high`, both included) of `n` requests that pass for a weight of `p`."""

    n: int
    p: float
    low: int
    high: int

    def accepts(self, count: int) -> bool:
        """Whether `count` requests of n at the first version pass for a split at p."""
        return self.low <= count <= self.high

    def probability(self, q: float) -> float:
        """How probably a mesh that really splits at `q` is accepted: the power against q is one minus this."""
        return probability_between(self.n, q, self.low, self.high)

    @property
    def false_alarm(self) -> float:
        """How probably a mesh that splits rightly is refused."""
        outside = probability_between(self.n, self.p, 0, self.low - 1)
        return outside + probability_between(self.n, self.p, self.high + 1, self.n)

    def judge(self, count: int, against: float) -> str:
        """The verdict on `count` in words, with both error rates; the miss rate is that of a true `against`."""
        word = "accepted" if self.accepts(count) else "refused"
        return (
            f"{count} of {self.n} {word} as a {self.p:.0%} split ({self.low} to {self.high} pass; "
            f"false alarm {self.false_alarm:.1e}, a true {against:.0%} passes with {self.probability(against):.1e})"
        )


def acceptance_region(n: int, p: float, alpha: float = ALPHA) -> Region:
    """The smallest region with at most alpha / 2 of binomial(n, p) on either side of it.

    n >= 1, 0 <= p <= 1, 0 < alpha < 1; ValueError otherwise. At p = 0 or 1 exactly one count passes.
    """
    if n < 1 or not 0.0 <= p <= 1.0 or not 0.0 < alpha < 1.0:
        raise ValueError(f"no binomial test with n={n}, p={p}, alpha={alpha}")
    low = _last_within(n, p, alpha / 2)
    high = n - _last_within(n, 1.0 - p, alpha / 2)
    return Region(n, p, low, high)


def _last_within(n: int, p: float, tail: float) -> int:
    """The largest k with P(X < k) <= tail for X binomial(n, p)."""
    below, k = 0.0, 0
    while k < n:
        below += math.exp(log_probability(n, p, k))
        if below > tail:
            break
        k += 1
    return k
