"""Headers that a rule sets, adds and removes."""

from typing import Any

from meshd.model.labels import Labels
from meshd.model.route import HeaderOperations, Headers

_AUTHORITY = ("host", ":authority")


def header_fields(*headers: Headers) -> dict[str, Any]:
    """`request_headers_to_add` and its like; later operations come after earlier ones, removals before all."""
    fields: dict[str, Any] = {}
    for side in ("request", "response"):
        operations = [each for each in (getattr(each, side) for each in headers) if each.set or each.add or each.remove]
        added = [option for each in operations for option in _added(each)]
        removed = [name for each in operations for name in each.remove]
        if added:
            fields[f"{side}_headers_to_add"] = added
        if removed:
            fields[f"{side}_headers_to_remove"] = removed
    return fields


def authority_of(headers: Headers) -> str:
    """What a request's Host is set to, which is a rewrite of the authority; "" when it stays."""
    operations = headers.request
    return next((value for key, value in (*operations.set, *operations.add) if key.lower() in _AUTHORITY), "")


def _added(operations: HeaderOperations) -> list[dict[str, Any]]:
    def options(pairs: Labels, action: str) -> list[dict[str, Any]]:
        return [
            {"header": {"key": key, "value": value}, "append_action": action}
            for key, value in pairs
            if key.lower() not in _AUTHORITY
        ]

    return [
        *options(operations.set, "OVERWRITE_IF_EXISTS_OR_ADD"),
        *options(operations.add, "APPEND_IF_EXISTS_OR_ADD"),
    ]
