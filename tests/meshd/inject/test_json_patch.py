"""Patches, for any two documents."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from meshd.inject.json_patch import json_patch

from .json_patch_reader import apply_patch

LEAVES = st.none() | st.booleans() | st.integers() | st.text(alphabet="ab/~", max_size=3)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab/~", max_size=2), inner, max_size=3),
    max_leaves=12,
)
DOCUMENTS = st.dictionaries(st.text(alphabet="ab/~", max_size=2), VALUES, max_size=4)


@given(DOCUMENTS, DOCUMENTS)
def test_a_patch_makes_the_new_out_of_the_old(old: dict[str, Any], new: dict[str, Any]) -> None:
    assert apply_patch(old, list(json_patch(old, new))) == new


@given(DOCUMENTS)
def test_no_difference_is_no_operation(document: dict[str, Any]) -> None:
    assert list(json_patch(document, document)) == []
