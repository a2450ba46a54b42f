"""One route per kind of match and action, asked for from a pod in the mesh and through the gateway."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from conformance.backends import Backends, GatewayEntrance
from conformance.calls import Target
from conformance.convergence import eventually
from conformance.entrances import CALLERS, reached
from conformance.manifests import Manifests
from conformance.statistics import acceptance_region
from conformance.timeouts import TIMEOUTS

pytestmark = pytest.mark.routing
HERE = Path(__file__).parent

MATCHES = [
    ("path-exact", "GET", "/path/exact", {}, "v2"),
    ("path-exact-not-below", "GET", "/path/exact/below", {}, "v1"),
    ("path-prefix", "GET", "/path/prefix/any/thing", {}, "v2"),
    ("path-regex", "GET", "/path/regex/42", {}, "v2"),
    ("path-regex-whole", "GET", "/path/regex/42x", {}, "v1"),
    ("header-exact", "GET", "/header", {"x-user": "mara"}, "v2"),
    ("header-exact-other-value", "GET", "/header", {"x-user": "maraca"}, "v1"),
    ("header-prefix", "GET", "/header", {"x-agent": "scout-7"}, "v2"),
    ("header-regex", "GET", "/header", {"x-tier": "silver"}, "v2"),
    ("header-regex-whole", "GET", "/header", {"x-tier": "silvery"}, "v1"),
    ("header-absent", "GET", "/header", {}, "v1"),
    ("method", "POST", "/method", {}, "v2"),
    ("method-other", "GET", "/method", {}, "v1"),
    ("query", "GET", "/query?x=1&release=canary", {}, "v2"),
    ("query-other", "GET", "/query?release=stable", {}, "v1"),
    ("either-first", "GET", "/either/a", {}, "v2"),
    ("either-second", "GET", "/either/b", {}, "v2"),
    ("default", "GET", "/", {}, "v1"),
]


@pytest.fixture(scope="module")
def rules(manifests: Manifests, backends: Backends) -> Iterator[None]:
    with manifests.applied(HERE / "routing.yaml"):
        yield


@pytest.fixture(scope="module", params=CALLERS)
def target(request: pytest.FixtureRequest, rules: None, backends: Backends) -> Target:
    """The host `routing`, as its two kinds of callers reach it."""
    target = reached(request, backends, "routing")
    # The last rule in force before the table is judged, so that all before it are too.
    target.must_become(lambda r: r.status == 200 and r.version == "v1", "the default route")
    target.must_become(lambda r: r.version == "v2", "the first route", path="/path/exact")
    return target


@pytest.mark.smoke
def test_requests_go_where_their_match_says(target: Target) -> None:
    requests = [target.request(path, method, headers) for _, method, path, headers, _ in MATCHES]
    answers = target.send_all(requests * 3)
    wrong = [
        f"{name}: {answer} instead of {version}"
        for (name, _, _, _, version), answer in zip(MATCHES * 3, answers, strict=True)
        if answer.status != 200 or answer.version != version
    ]
    assert not wrong, "; ".join(wrong)


def test_redirect_answers_with_the_new_place(target: Target) -> None:
    answer = target.send("/redirect")
    assert answer.status == 302
    assert answer.headers["location"] == "http://new.example/elsewhere"


def test_rewrite_changes_the_path_the_backend_sees(target: Target) -> None:
    answer = target.send("/rewrite/deep/er?q=1")
    assert answer.status == 200, str(answer)
    assert answer.seen["path"] == "/rewritten/deep/er?q=1"


def test_rewrite_changes_the_authority_the_backend_sees(target: Target) -> None:
    answer = target.send("/authority")
    assert answer.status == 200, str(answer)
    assert answer.seen["headers"]["host"] == "renamed.example"


def test_header_operations_apply_to_request_and_response(target: Target) -> None:
    answer = target.send("/headers", headers={"x-unwanted": "1", "x-set": "from-client", "x-kept": "1"})
    assert answer.status == 200, str(answer)
    received = answer.seen["headers"]
    assert received["x-set"] == "from-rule"
    assert received["x-added"] == "from-rule"
    assert received["x-kept"] == "1"
    assert "x-unwanted" not in received
    assert answer.headers["x-answer-set"] == "from-rule"
    assert answer.headers["x-answer-added"] == "from-rule"
    assert "x-echo-pod" not in answer.headers


def test_injected_abort_answers_with_its_status(target: Target) -> None:
    tally = target.load(50, path="/abort")
    assert tally.statuses == {"418": 50}, str(tally)


def test_injected_abort_hits_its_percentage(target: Target, measured: Callable[[str, object], None]) -> None:
    region = acceptance_region(1000, 0.25)
    aborted = target.load(region.n, path="/abort-some").statuses.get("418", 0)
    verdict = region.judge(aborted, against=0.40)
    measured(f"aborts asked for at 25 % ({target.caller.name})", verdict)
    assert region.accepts(aborted), verdict


def test_injected_delay_delays(target: Target) -> None:
    answers = target.send_all([target.request("/delay")] * 3)
    assert [answer.status for answer in answers] == [200] * 3
    seconds = [answer.seconds for answer in answers]
    assert min(seconds) >= 0.5 - TIMEOUTS.timer_slack, seconds


def test_timeout_ends_a_slow_request(target: Target) -> None:
    answer = target.send("/timeout", headers={"x-echo-delay": "3"})
    assert answer.status == 504, str(answer)
    assert 0.5 - TIMEOUTS.timer_slack <= answer.seconds < 2.5


def test_timeout_leaves_a_fast_request_alone(target: Target) -> None:
    assert target.send("/timeout").status == 200


def test_mirror_copies_each_request_and_answers_from_the_first(target: Target, backends: Backends) -> None:
    test_id = uuid.uuid4().hex
    tally = target.load(20, concurrency=2, path="/mirror", headers={"x-echo-id": test_id})
    assert tally.values == {"v1": 20}, str(tally)

    def copies() -> None:
        answer = backends.service("echo-v2").send(f"/attempts?id={test_id}")
        assert answer.seen == {"GET": 20}, f"v2 got {answer.body} of 20 copies"

    eventually(copies, within=TIMEOUTS.request, what="a copy of each request at v2")


@pytest.mark.smoke
def test_hosts_choose_the_service_at_the_gateway(manifests: Manifests, gateway: GatewayEntrance) -> None:
    with manifests.applied(HERE / "hosts.yaml"):
        for host, version in (("one", "v1"), ("two", "v2"), ("some.wild", "v2"), ("other.wild", "v2")):
            gateway.host(host).must_become(
                lambda r, expected=version: r.status == 200 and r.version == expected,  # type: ignore[misc]
                f"host {host} at {version}",
            )


def test_hosts_choose_the_service_between_services(backends: Backends) -> None:
    for name, version in (("echo-v1", "v1"), ("echo-v2", "v2")):
        tally = backends.service(name).load(20, concurrency=1)
        assert tally.values == {version: 20}, str(tally)
    assert set(backends.service("echo").load(40, concurrency=1).values) == {"v1", "v2"}
