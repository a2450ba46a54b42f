"""docs/istio-api.md is what the structs and the table of supported fields make."""

from __future__ import annotations

import pytest

from meshd.api import KINDS, Kind
from meshd.api.reference import page, rows
from meshd.api.support import SUPPORTED, is_supported
from tests.docs.pages import DOCS

REFRESH = "python -m meshd.api.reference > docs/istio-api.md"


def test_the_page_is_up_to_date() -> None:
    assert (DOCS / "istio-api.md").read_text() == page(), f"refresh it: {REFRESH}"


def test_the_page_tells_how_to_refresh_it() -> None:
    assert REFRESH in page()


def test_every_kind_is_listed() -> None:
    text = page()
    for kind in KINDS:
        assert f"| {kind.kind} | " in text


@pytest.mark.parametrize("kind", [kind for kind in KINDS if is_supported(kind.kind)], ids=lambda kind: kind.kind)
def test_every_supported_field_is_said_to_work(kind: Kind) -> None:
    told = {row.field: row.verdict for row in rows(kind)}
    same = {field: verdict.removeprefix("as ").strip("`") for field, verdict in told.items() if verdict[:3] == "as "}
    for name in SUPPORTED:
        owner, _, field = name.partition(".")
        if owner == kind.kind:
            verdict = told[_shown(field.partition("=")[0], same)]
            assert verdict.startswith("works"), name


def _shown(field: str, same: dict[str, str]) -> str:
    """Where a field is listed: for one inside a message that is described elsewhere, there."""
    for place, elsewhere in same.items():
        if field.startswith(f"{place}."):
            return _shown(elsewhere + field.removeprefix(place), same)
    return field
