"""When a verdict is written: bad news at once, good news when it lasts, nothing that is said already."""

from dataclasses import dataclass

from meshd.runtime.status.condition import RECONCILED, TRUE, Condition, by_type, same
from meshd.runtime.status.tally import Tally
from meshd.runtime.status.verdict import NO_PROXIES

PATIENCE_SECONDS = 5.0
"""How long proxies may take to answer before anything is said of a new version of an object."""
SETTLE_SECONDS = 0.5
"""How old a verdict on a new version must be: the change may not have reached every replica yet."""
LASTING_SECONDS = 10.0
LONG_SECONDS = 60.0
"""Of "no proxy": all of them come anew when a replica starts."""

Conditions = tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Pending:
    """Conditions that are not written yet, and since when they have been the same (seconds of a clock)."""

    conditions: Conditions
    since: float


def wait_for(pending: Pending, written: Conditions, tally: Tally, now: float) -> float:
    """Seconds until `pending` is to be written in place of `written`; 0 or less: now, infinite: it says nothing new."""
    if same(written, pending.conditions):
        return float("inf")
    wanted, said = (by_type(each).get(RECONCILED) for each in (pending.conditions, written))
    age = now - pending.since
    assert wanted is not None
    if said is None or said.observed_generation != wanted.observed_generation:
        still_coming = tally.pending or wanted.reason == NO_PROXIES
        return (PATIENCE_SECONDS if still_coming else SETTLE_SECONDS) - age
    if wanted.reason == NO_PROXIES:
        return LONG_SECONDS - age
    return LASTING_SECONDS - age if wanted.status == TRUE else 0.0
