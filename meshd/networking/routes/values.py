"""Values of a rule as Envoy's StringMatcher."""

from typing import Any

from meshd.model.route import MatchKind, StringMatch


def string_matcher(match: StringMatch) -> dict[str, Any]:
    if match.kind is MatchKind.PRESENT:
        return {"safe_regex": {"regex": ".+"}}
    if match.kind is MatchKind.REGEX:
        return {"safe_regex": {"regex": match.value}}
    return {match.kind.value: match.value}
