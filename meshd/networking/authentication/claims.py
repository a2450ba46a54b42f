"""What a verified token says, where other filters and routes find it: in the dynamic metadata of a request."""

from typing import Any

JWT_FILTER = "envoy.filters.http.jwt_authn"
PAYLOAD = "payload"
"""Where in the filter's metadata the claims are."""


def claim_matcher(path: tuple[str, ...], value: dict[str, Any]) -> dict[str, Any]:
    """A MetadataMatcher for a claim, or one within others; `value` is a ValueMatcher."""
    return {"filter": JWT_FILTER, "path": [{"key": key} for key in (PAYLOAD, *path)], "value": value}


def alone_or_listed(match: dict[str, Any]) -> dict[str, Any]:
    """A ValueMatcher for a text or a list that holds it; `match` is a StringMatcher."""
    text = {"string_match": match}
    return {"or_match": {"value_matchers": [text, {"list_match": {"one_of": text}}]}}
