"""Settings of meshd that the stack has no key for, in a file of the user's: what it says is added to mesh.yaml."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

KEYS_OF_THE_STACK = ("trustDomain", "rootNamespace", "proxyImage", "tracing")
"""What the stack itself writes into mesh.yaml."""


def read_mesh_config(path: str | None) -> dict[str, Any]:
    """The file's settings, {} without a file. ValueError with a few words on what is wrong."""
    if path is None:
        return {}
    try:
        content = yaml.safe_load(Path(path).read_text()) or {}
    except (yaml.YAMLError, UnicodeDecodeError):
        raise ValueError("is no YAML") from None
    if not isinstance(content, dict):
        raise ValueError("is no mapping of settings")
    for key in KEYS_OF_THE_STACK:
        if key in content:
            raise ValueError(f"sets {key}, which is the stack's")
    return content
