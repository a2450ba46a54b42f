"""How people name what is in the cluster."""

from __future__ import annotations

import re

from toolchain.errors import UserError

DEFAULT_NAMESPACE = "default"
_NAME = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?").fullmatch


def qualified(text: str) -> str:
    """NAME or NAME.NAMESPACE as NAME.NAMESPACE. Raises UserError for what is no name (RFC 1123)."""
    name, _, namespace = text.partition(".")
    namespace = namespace or DEFAULT_NAMESPACE
    if not (_NAME(name) and _NAME(namespace)):
        raise UserError(f"{text} is no name: write NAME or NAME.NAMESPACE, such as reviews.shop")
    return f"{name}.{namespace}"
