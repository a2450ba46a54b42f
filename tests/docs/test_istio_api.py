"""docs/istio-api.md is what the structs, the table of supported fields and the suite's manifests make."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from meshd.api import KINDS, Kind
from meshd.api.support import SUPPORTED, is_supported
from meshd.api.verdicts import rows
from tests.conformance.test_conformance_manifests import SUITE
from tests.docs.evidence import common
from tests.docs.filled_in import FILLED_IN
from tests.docs.istio_api import proofs, text
from tests.docs.pages import DOCS

REFRESH = "python -m tests.docs.istio_api > docs/istio-api.md"


def test_the_page_is_up_to_date() -> None:
    assert (DOCS / "istio-api.md").read_text() == text(), f"refresh it: {REFRESH}"


def test_the_page_tells_how_to_refresh_it() -> None:
    assert REFRESH in text()


def test_every_kind_is_listed() -> None:
    page = text()
    for kind in KINDS:
        assert f"| {kind.kind} | " in page


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


def test_every_supported_field_is_set_in_a_manifest() -> None:
    supported = {common(name) for kind in KINDS if is_supported(kind.kind) for name in _working(kind)}
    assert sorted(name for name in supported if not proofs(name)) == [], "works, but no conformance test sets it"


def test_what_is_said_to_be_filled_in_stands_in_the_tests() -> None:
    for manifest, values in FILLED_IN.items():
        folder = (SUITE / manifest).parent
        tests = " ".join(path.read_text() for path in folder.glob("*.py"))
        for name in re.findall(r"\w+(?=:)", " ".join(values.values())):
            assert re.search(rf"\b{name}\b", tests), f"{manifest}: {name}"


def _working(kind: Kind) -> Iterator[str]:
    for row in rows(kind):
        if row.works:
            yield from row.parts(kind.kind)
