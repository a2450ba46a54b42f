"""What is said of an object: pure, from the object and from what is known of its proxies."""

from collections.abc import Sequence

from meshd.runtime.status.condition import (
    ACCEPTED,
    APPLIED,
    FALSE,
    RECONCILED,
    SUPPORTED,
    TRUE,
    UNKNOWN,
    Condition,
)
from meshd.runtime.status.objects import Judgement
from meshd.runtime.status.tally import Tally

INVALID, WAITING, REFUSED, LATE, NO_PROXIES = "Invalid", "Waiting", "Refused", "Late", "NoProxies"
NO_EFFECT = "NoEffect"
LONGEST_MESSAGE = 2000


def conditions_of(judgement: Judgement, missing: Sequence[str], tally: Tally, generation: int) -> tuple[Condition, ...]:
    """Accepted, Supported, Reconciled, for this generation of an object.

    `missing` is what the object waits for: hosts, and subsets as "host/subset".
    """
    found = (_accepted(judgement), _supported(judgement), _reconciled(judgement, missing, tally))
    return tuple(
        Condition(type_, status, reason, _cut(message), generation) for type_, status, reason, message in found
    )


_Said = tuple[str, str, str, str]


def _accepted(judgement: Judgement) -> _Said:
    if judgement.error:
        return ACCEPTED, FALSE, INVALID, f"{judgement.error}; its last good version stays in force"
    return ACCEPTED, TRUE, ACCEPTED, "valid"


def _supported(judgement: Judgement) -> _Said:
    if judgement.without_effect:
        return SUPPORTED, FALSE, NO_EFFECT, "; ".join(judgement.without_effect)
    return SUPPORTED, TRUE, SUPPORTED, "every field that is set has its effect"


def _reconciled(judgement: Judgement, missing: Sequence[str], tally: Tally) -> _Said:
    if judgement.error:
        return RECONCILED, FALSE, INVALID, "this version of the object is left out"
    if not judgement.supported:
        return RECONCILED, FALSE, NO_EFFECT, "the kind is not supported yet"
    if missing:
        return RECONCILED, FALSE, WAITING, f"waits for {_listing(missing)}; what was in force before stays"
    if tally.refused:
        return RECONCILED, FALSE, REFUSED, f"{_in_force(tally)}; {_refusals(tally)}"
    if tally.late:
        names = _listing(tally.late_names, tally.late)
        return RECONCILED, FALSE, LATE, f"{_in_force(tally)}; no answer yet from {names}"
    if not tally.concerned:
        return RECONCILED, UNKNOWN, NO_PROXIES, "no connected proxy is given anything made from it"
    return RECONCILED, TRUE, APPLIED, _in_force(tally)


def _in_force(tally: Tally) -> str:
    return f"in force at {tally.applied} of {tally.concerned} proxies"


def _refusals(tally: Tally) -> str:
    by_text: dict[tuple[str, str], list[str]] = {}
    for refusal in tally.refusals:
        by_text.setdefault((refusal.resource, refusal.detail), []).append(refusal.proxy)
    rest = tally.refused - len(tally.refusals)
    said = [f"Envoy refused {resource} at {', '.join(at)}: {text}" for (resource, text), at in by_text.items()]
    return "; ".join([*said, *([f"and at {rest} more"] if rest > 0 else [])])


def _listing(names: Sequence[str], total: int = 0) -> str:
    rest = total - len(names)
    return ", ".join(names) + (f" and {rest} more" if rest > 0 else "")


def _cut(message: str) -> str:
    return message if len(message) <= LONGEST_MESSAGE else f"{message[: LONGEST_MESSAGE - 1]}…"
