"""Conditions as Kubernetes has them, and when one differs enough to be written.

https://github.com/kubernetes/community/blob/master/contributors/devel/sig-architecture/api-conventions.md#typical-status-properties
"""

from collections.abc import Iterable

import msgspec

ACCEPTED, SUPPORTED, RECONCILED = "Accepted", "Supported", "Reconciled"
OURS = frozenset((ACCEPTED, SUPPORTED, RECONCILED))

TRUE, FALSE, UNKNOWN = "True", "False", "Unknown"

APPLIED = "Applied"
"""The reason whose message counts proxies: numbers that alone are not worth a write."""


class Condition(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """One entry of status.conditions. `last_transition_time` is RFC 3339, of the last change of `status`."""

    type: str
    status: str
    reason: str = ""
    message: str = ""
    observed_generation: int = 0
    last_transition_time: str = ""


class Status(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """The status of an Istio object, as far as it is read."""

    conditions: tuple[Condition, ...] = ()
    observed_generation: int = 0


def by_type(conditions: Iterable[Condition]) -> dict[str, Condition]:
    return {condition.type: condition for condition in conditions}


def same(old: Iterable[Condition], new: Iterable[Condition]) -> bool:
    """Whether `old` says what our conditions `new` say, but for the number of proxies that have all of it."""
    said = {name: _gist(condition) for name, condition in by_type(old).items() if name in OURS}
    return said == {name: _gist(condition) for name, condition in by_type(new).items()}


def _gist(condition: Condition) -> tuple[object, ...]:
    message = "" if condition.reason == APPLIED else condition.message
    return condition.status, condition.reason, condition.observed_generation, message


def merge(old: Iterable[Condition], new: Iterable[Condition], now: str) -> tuple[Condition, ...]:
    """`new`, with the time of the last transition, after conditions of `old` that somebody else writes."""
    before = by_type(old)
    foreign = tuple(condition for name, condition in before.items() if name not in OURS)
    return (*foreign, *(_timed(before.get(condition.type), condition, now) for condition in new))


def _timed(old: Condition | None, new: Condition, now: str) -> Condition:
    kept = old is not None and old.status == new.status and old.last_transition_time
    return msgspec.structs.replace(new, last_transition_time=old.last_transition_time if old and kept else now)
