"""Matches on what is not there, on any value and without regard to case."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from conformance.backends import Backends
from conformance.calls import Target
from conformance.entrances import CALLERS, reached
from conformance.manifests import Manifests

pytestmark = pytest.mark.routing

CASES = [
    ("GET", "/Case", {}, 211),
    ("GET", "/cASE", {}, 211),
    ("GET", "/CASE/below", {}, 211),
    ("GET", "/there", {"x-there": "any"}, 212),
    ("GET", "/there", {}, 200),
    ("GET", "/gone", {}, 213),
    ("GET", "/gone", {"x-gone": "any"}, 200),
    ("GET", "/value", {}, 214),
    ("GET", "/value", {"x-value": "b"}, 214),
    ("GET", "/value", {"x-value": "a"}, 200),
    ("GET", "/start", {}, 215),
    ("GET", "/start", {"x-value": "ba"}, 215),
    ("GET", "/start", {"x-value": "ab"}, 200),
    ("GET", "/query?page=12&all", {}, 216),
    ("GET", "/query?all=x&page=12", {}, 216),
    ("GET", "/query?page=12a&all", {}, 200),
    ("GET", "/query?page=12", {}, 200),
    ("PUT", "/method", {}, 217),
    ("GET", "/method", {}, 200),
    ("GET", "/host", {}, 218),
    ("GET", "/hidden", {}, 200),
]


@pytest.fixture(scope="module")
def rules(manifests: Manifests, backends: Backends) -> Iterator[None]:
    with manifests.applied(Path(__file__).parent / "matches.yaml"):
        yield


@pytest.fixture(params=CALLERS)
def target(request: pytest.FixtureRequest, rules: None, backends: Backends) -> Target:
    target = reached(request, backends, "matches", service="echo-v1")
    target.must_become(lambda r: r.status == 218, "the last match", path="/host")
    return target


def test_requests_fit_what_they_should_and_nothing_else(target: Target) -> None:
    answers = target.send_all([target.request(path, method, headers) for method, path, headers, _ in CASES])
    wrong = [
        f"{case}: {answer.status}" for case, answer in zip(CASES, answers, strict=True) if answer.status != case[3]
    ]
    assert not wrong, "; ".join(wrong)
