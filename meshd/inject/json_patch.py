"""The difference of two JSON values as operations of a JSON Patch (RFC 6902)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

Operation = dict[str, Any]


def json_patch(old: Any, new: Any, path: str = "") -> Iterator[Operation]:
    """Operations that turn `old` into `new`. Lists of another length are replaced as a whole."""
    if isinstance(old, dict) and isinstance(new, dict):
        yield from _object_patch(old, new, path)
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for index, (before, after) in enumerate(zip(old, new, strict=True)):
            yield from json_patch(before, after, f"{path}/{index}")
    elif old != new:
        yield {"op": "replace", "path": path, "value": new}


def _object_patch(old: dict[str, Any], new: dict[str, Any], path: str) -> Iterator[Operation]:
    for key in old.keys() - new.keys():
        yield {"op": "remove", "path": f"{path}/{_escape(key)}"}
    for key, value in new.items():
        if key in old:
            yield from json_patch(old[key], value, f"{path}/{_escape(key)}")
        else:
            yield {"op": "add", "path": f"{path}/{_escape(key)}", "value": value}


def _escape(key: str) -> str:
    return key.replace("~", "~0").replace("/", "~1")
