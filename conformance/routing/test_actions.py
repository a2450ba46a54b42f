"""Rewrites by expression, answers and redirects with headers, and headers by destination."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from conformance.backends import Backends
from conformance.calls import Target
from conformance.convergence import eventually
from conformance.entrances import CALLERS, reached
from conformance.manifests import Manifests
from conformance.timeouts import TIMEOUTS

pytestmark = pytest.mark.routing


@pytest.fixture(scope="module")
def rules(manifests: Manifests, backends: Backends) -> Iterator[None]:
    with manifests.applied(Path(__file__).parent / "actions.yaml"):
        yield


@pytest.fixture(params=CALLERS)
def target(request: pytest.FixtureRequest, rules: None, backends: Backends) -> Target:
    target = reached(request, backends, "actions", service="echo-v1")
    target.must_become(lambda r: r.status == 418, "the rules", path="/answer")
    return target


def test_a_rewrite_by_expression_may_name_what_it_found(target: Target) -> None:
    assert target.send("/items/ab/12?a=1").seen["path"] == "/12/ab?a=1"
    assert target.send("/items/12").seen["path"] == "/items/12"
    assert target.send("/whole?a=1").seen["path"] == "/other?a=1"


def test_an_answer_of_the_proxy_has_its_body_and_headers(target: Target) -> None:
    answer = target.send("/answer")
    assert (answer.status, answer.body, answer.headers["x-kind"]) == (418, "short and stout", "teapot")
    assert target.send("/bytes").body == "short and stout"


def test_a_redirect_keeps_the_query_writes_no_default_port_and_has_headers(target: Target) -> None:
    answer = target.send("/old/x?a=b")
    assert (answer.status, answer.headers["location"]) == (308, "http://new.example/new?a=b")
    assert answer.headers["x-moved"] == "yes"
    host = target.host or urlsplit(target.base).hostname
    assert target.send("/secure?a=b").headers["location"] == f"https://{host}/secure?a=b"
    assert target.send("/before/x").headers["location"] == f"http://{host}/after/x"


def test_a_single_destinations_headers_come_after_the_rules(target: Target) -> None:
    answer = target.send("/single", headers={"x-unwanted": "any"})
    seen = answer.seen["headers"]
    assert (seen["x-by"], seen["host"]) == ("destination", "single.example")
    assert "x-unwanted" not in seen
    assert (answer.pod, answer.headers["x-answer"]) == ("", "destination")


def test_each_destination_has_headers_of_its_own(target: Target) -> None:
    answers = target.send_all([target.request("/several")] * 20)
    found = {(answer.version, answer.seen["headers"]["x-to"], answer.headers["x-from"]) for answer in answers}
    assert found == {("v1", "one", "one"), ("v2", "two", "two")}


def test_a_destination_without_weight_gets_nothing(target: Target) -> None:
    assert target.load(20, concurrency=1, path="/none").values == {"v2": 20}


@pytest.mark.parametrize(("path", "times"), [("/copy", 1), ("/copies", 2), ("/uncopied", 0)])
def test_copies_go_to_each_mirror(target: Target, backends: Backends, path: str, times: int) -> None:
    test_id = uuid.uuid4().hex
    tally = target.load(20, concurrency=2, path=path, headers={"x-echo-id": test_id})
    assert tally.values == {"v1": 20}, str(tally)

    def copies() -> None:
        answer = backends.service("echo-v2").send(f"/attempts?id={test_id}")
        assert answer.seen == ({"GET": 20 * times} if times else {}), f"v2 got {answer.body} of {20 * times} copies"

    eventually(copies, within=TIMEOUTS.request, what="a copy of each request for each mirror")


def test_faults_by_the_status_of_grpc_and_by_whole_percent(target: Target) -> None:
    answer = target.send("/grpc-status", "POST", headers={"content-type": "application/grpc"})
    assert answer.headers.get("grpc-status") == "14", str(answer)
    slow = target.send("/slow")
    assert slow.status == 200
    assert slow.seconds >= 0.5 - TIMEOUTS.timer_slack
