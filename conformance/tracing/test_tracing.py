"""One request is one trace: from the gateway to the last service, every span below the one that caused it."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from conformance.backends import Backends, GatewayEntrance
from conformance.calls import Target
from conformance.convergence import eventually
from conformance.manifests import Manifests
from conformance.timeouts import TIMEOUTS
from conformance.tracing.spans import Span, at, descends_from, fetch_trace, unknown_parents

pytestmark = pytest.mark.tracing
HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def entrance(manifests: Manifests, gateway: GatewayEntrance) -> Iterator[Target]:
    with manifests.applied(HERE / "tracing.yaml"):
        target = gateway.host("tracing")
        target.must_become(lambda r: r.status == 200, "host tracing through the gateway")
        yield target


def pod_of(caller_name: str) -> str:
    return caller_name.rpartition("/")[2]


def fetch_whole_trace(zipkin_url: str, trace_id: str, first: str, last: str) -> list[Span]:
    """The trace once both services and the gateway have reported: each proxy sends its spans in batches of its own."""

    def check() -> list[Span]:
        spans = fetch_trace(zipkin_url, trace_id, TIMEOUTS.request)
        places = [span.place for span in spans]
        assert at(spans, first), f"no span of {first} among {places}"
        assert at(spans, last), f"no span of {last} among {places}"
        others = [span for span in spans if span not in at(spans, first) and span not in at(spans, last)]
        assert others, f"no span of the gateway among {places}"
        return spans

    # Complete when the same answer comes several times in a row.
    return eventually(check, within=TIMEOUTS.trace_arrives, what="the whole trace", successes=3, interval=0.5)


def judge(spans: list[Span], first: str, last: str, root_parent: str) -> None:
    assert {span.trace_id.lstrip("0") for span in spans} == {spans[0].trace_id.lstrip("0")}, "one trace"
    at_first, at_last = at(spans, first), at(spans, last)
    at_gateway = [span for span in spans if span not in at_first and span not in at_last]
    assert at_gateway, f"no span of the gateway among {[span.place for span in spans]}"
    orphans = unknown_parents(spans, root_parent)
    assert not orphans, f"spans whose parent is missing: {orphans}"
    roots = [span for span in spans if span.parent_id == root_parent]
    assert {span.id for span in roots} == {span.id for span in roots if span in at_gateway}, "the gateway's is first"
    assert len({span.id for span in roots}) == 1, f"one root, not {roots}"
    for span in at_first:
        assert descends_from(spans, span, at_gateway), f"{span} is not below the gateway"
    for span in at_last:
        assert descends_from(spans, span, at_first), f"{span} is not below {first}"


def test_one_trace_from_the_gateway_to_the_last_service(
    entrance: Target, backends: Backends, zipkin_url: str, measured: Callable[[str, object], None]
) -> None:
    trace_id, span_id = secrets.token_hex(16), secrets.token_hex(8)
    forward = f"http://echo-v2.{backends.settings.namespace}/last"
    sent = {
        "x-b3-traceid": trace_id,
        "x-b3-spanid": span_id,
        "x-b3-sampled": "1",
        "x-echo-forward": forward,
    }
    answer = entrance.send("/first", headers=sent)
    assert answer.status == 200, str(answer)
    assert answer.seen["forwarded"]["status"] == 200
    first, last = pod_of(backends.echo_v1.name), pod_of(backends.echo_v2.name)
    spans = fetch_whole_trace(zipkin_url, trace_id, first, last)
    judge(spans, first, last, root_parent=span_id)
    measured("spans in one trace", f"{len(spans)} from gateway, {first}, {last}")


def test_the_gateway_begins_a_trace_of_its_own(entrance: Target, backends: Backends, zipkin_url: str) -> None:
    forward = f"http://echo-v2.{backends.settings.namespace}/last"
    answer = entrance.send("/first", headers={"x-echo-forward": forward})
    received = answer.seen["headers"]
    trace_id = received.get("x-b3-traceid") or received.get("b3", "").partition("-")[0]
    trace_id = trace_id or received.get("traceparent", "--").split("-")[1]
    assert trace_id, f"no trace header reached the backend: {sorted(received)}"
    handed_on = answer.seen["forwarded"]["body"]["headers"]
    assert trace_id in str(handed_on), "the second service is in another trace"
    if received.get("x-b3-sampled") == "0":
        pytest.skip("the mesh does not sample every request")
    first, last = pod_of(backends.echo_v1.name), pod_of(backends.echo_v2.name)
    judge(fetch_whole_trace(zipkin_url, trace_id, first, last), first, last, root_parent="")
