"""Lists of values as Envoy's principals and permissions: one of these, and none of those."""

from collections.abc import Callable
from typing import Any

Matcher = dict[str, Any]
Convert = Callable[[str], Matcher]
ANY: Matcher = {"any": True}
NEVER: Matcher = {"not_id": ANY}


def principals(values: tuple[str, ...], excluded: tuple[str, ...], convert: Convert) -> list[Matcher]:
    """Who: has one of `values` and none of `excluded`; an empty list asks for nothing."""
    none = _one_of("or_ids", "ids", excluded, convert)
    return [*_one_of("or_ids", "ids", values, convert), *({"not_id": matcher} for matcher in none)]


def permissions(values: tuple[str, ...], excluded: tuple[str, ...], convert: Convert) -> list[Matcher]:
    """What: has one of `values` and none of `excluded`; an empty list asks for nothing."""
    none = _one_of("or_rules", "rules", excluded, convert)
    return [*_one_of("or_rules", "rules", values, convert), *({"not_rule": matcher} for matcher in none)]


def all_principals(parts: list[Matcher]) -> Matcher:
    return _all("and_ids", "ids", parts)


def all_permissions(parts: list[Matcher]) -> Matcher:
    return _all("and_rules", "rules", parts)


def _all(kind: str, members: str, parts: list[Matcher]) -> Matcher:
    if not parts:
        return ANY
    return parts[0] if len(parts) == 1 else {kind: {members: parts}}


def _one_of(kind: str, members: str, values: tuple[str, ...], convert: Convert) -> list[Matcher]:
    if not values:
        return []
    return [{kind: {members: [convert(value) for value in values]}}] if len(values) > 1 else [convert(values[0])]
