"""Writes docs/istio-api.md to standard output: what works, and which features of the conformance suite prove it."""

from __future__ import annotations

from collections.abc import Collection

from meshd.api.reference import page
from tests.docs.evidence import common, features_by_field


def proofs(field: str) -> Collection[str]:
    """The features whose manifests set `field`, here or where the same stands elsewhere."""
    return features_by_field().get(common(field), frozenset())


def text() -> str:
    """The page."""
    return page(proofs)


if __name__ == "__main__":
    print(text(), end="")
