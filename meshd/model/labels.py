"""Labels and selectors as hashable values, so that they can be keys of cached results."""

from collections.abc import Mapping

Labels = tuple[tuple[str, str], ...]
"""Sorted (key, value) pairs."""


def labels_of(mapping: Mapping[str, str] | None) -> Labels:
    """Sorted pairs of `mapping`; None is no labels."""
    return tuple(sorted(mapping.items())) if mapping else ()


def selects(selector: Labels, labels: Labels) -> bool:
    """True when every pair of `selector` is among `labels` (an empty selector selects everything)."""
    return not selector or set(selector) <= set(labels)


def label(labels: Labels, key: str, default: str = "") -> str:
    """The value of `key`, or `default`."""
    return next((value for name, value in labels if name == key), default)
