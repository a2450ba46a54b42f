"""JSON Patch applied the way the API server does, as far as our patches go: add, replace, remove."""

from __future__ import annotations

import copy
from typing import Any


def apply_patch(document: Any, operations: list[dict[str, Any]]) -> Any:
    result = copy.deepcopy(document)
    for operation in operations:
        *parents, last = [word.replace("~1", "/").replace("~0", "~") for word in operation["path"].split("/")[1:]]
        target = result
        for word in parents:
            target = target[int(word)] if isinstance(target, list) else target[word]
        key: Any = int(last) if isinstance(target, list) else last
        if operation["op"] == "remove":
            del target[key]
        else:
            assert (operation["op"] == "replace") == (isinstance(target, list) or key in target)
            target[key] = operation["value"]
    return result
