"""Istio's StringMatch -> the model's."""

from collections.abc import Mapping

from meshd.api.istio.selector import StringMatch as IstioStringMatch
from meshd.model.route import MatchKind, NamedMatch, StringMatch


def string_match(match: IstioStringMatch) -> StringMatch:
    """An empty match, and the regex "*", ask only that there is a value."""
    if match.exact is not None:
        return StringMatch(MatchKind.EXACT, match.exact)
    if match.prefix is not None:
        return StringMatch(MatchKind.PREFIX, match.prefix)
    if match.regex is not None and match.regex != "*":
        return StringMatch(MatchKind.REGEX, match.regex)
    return StringMatch(MatchKind.PRESENT)


def named_matches(matches: Mapping[str, IstioStringMatch], lower: bool = False) -> tuple[NamedMatch, ...]:
    """Sorted by name; names of headers are `lower` case, as Envoy holds them, but not those of claims."""
    return tuple(
        NamedMatch(name.lower() if lower and not name.startswith("@") else name, string_match(match))
        for name, match in sorted(matches.items())
    )
