"""Matches of every kind, on what is not there too, and without regard to case."""

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
    ("GET", "/absent", {"x-value": "b"}, 220),
    ("GET", "/absent", {"x-value": "aa"}, 200),
    ("GET", "/query?sort=upward", {}, 221),
    ("GET", "/query?sort=down", {}, 200),
    ("PUT", "/verb", {}, 222),
    ("GET", "/verb", {}, 200),
    ("GET", "/named", {}, 200),
    ("GET", "/exactly", {}, 224),
    ("GET", "/start-of-host", {}, 225),
    ("GET", "/scheme", {}, 226),
    ("GET", "/secure", {}, 200),
    ("GET", "/start-of-scheme", {}, 228),
    ("GET", "/some-scheme", {}, 229),
    ("GET", "/port", {}, 230),
    ("GET", "/other-port", {}, 200),
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


def test_a_match_may_be_for_one_gateway_or_the_mesh_alone(target: Target, request: pytest.FixtureRequest) -> None:
    inside = request.node.callspec.params["target"] == "mesh"
    assert target.send("/place").status == (232 if inside else 233)


def test_a_match_may_be_for_one_port_or_clients_of_one_namespace(rules: None, backends: Backends) -> None:
    other_port = backends.service("echo-v1", port=8081)
    other_port.must_become(lambda r: r.status == 231, "the other port's match", path="/other-port")
    assert other_port.send("/port").status == 200
    far = backends.service("echo-v1", caller=backends.far)
    far.must_become(lambda r: r.status == 234, "the other namespace's match", path="/namespace")
    assert backends.service("echo-v1").send("/namespace").status == 200
