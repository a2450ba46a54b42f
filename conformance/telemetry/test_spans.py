"""Sampling, tags and silence, as the objects of mesh, namespace and workload say together."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from pathlib import Path

import pytest

from conformance.backends import Backends
from conformance.calls import Response, Target
from conformance.convergence import eventually
from conformance.manifests import Manifests
from conformance.statistics import acceptance_region
from conformance.timeouts import TIMEOUTS
from conformance.tracing.spans import Span, at, fetch_trace

pytestmark = pytest.mark.telemetry
HERE = Path(__file__).parent
REQUESTS = 400


def sampled(answer: Response) -> bool:
    headers = answer.seen["headers"]
    decision = headers.get("x-b3-sampled") or headers.get("b3", "").split("-")[2:3] or headers["traceparent"][-1:]
    return "1" in decision


@pytest.mark.parametrize("percent", [0, 100])
def test_all_or_no_requests_are_sampled(percent: int, manifests: Manifests, backends: Backends) -> None:
    target = backends.service("echo-v1")
    with manifests.applied(HERE / "sampling.yaml", percent=str(percent)):
        target.must_become(lambda answer: sampled(answer) == bool(percent), f"{percent} % sampled")
        answers = target.send_all([target.request()] * 100)
    assert [sampled(answer) for answer in answers] == [bool(percent)] * 100


def test_a_share_of_the_requests_is_sampled(
    manifests: Manifests, backends: Backends, measured: Callable[[str, object], None]
) -> None:
    target = backends.service("echo-v1")

    def mixed() -> None:
        seen = {sampled(answer) for answer in target.send_all([target.request()] * 40)}
        assert seen == {True, False}, f"sampled {seen} of 40 requests"

    with manifests.applied(HERE / "sampling.yaml", percent="30"):
        eventually(mixed, within=TIMEOUTS.config_takes_effect, what="some requests sampled")
        count = sum(sampled(answer) for answer in target.send_all([target.request()] * REQUESTS))
    region = acceptance_region(REQUESTS, 0.3)
    measured("sampled at 30 %", region.judge(count, against=0.5))
    assert region.accepts(count), region.judge(count, against=0.5)


def spans_of_a_request(backends: Backends, zipkin_url: str, wanted: str) -> list[Span]:
    """The trace of one request, once a span of the pod `wanted` is in it and no more come."""
    trace_id = secrets.token_hex(16)
    b3 = {"x-b3-traceid": trace_id, "x-b3-spanid": secrets.token_hex(8), "x-b3-sampled": "1"}
    answer = backends.service("echo-v1").send(headers={"x-caller": "conformance", **b3})
    assert answer.status == 200, str(answer)

    def check() -> list[Span]:
        spans = fetch_trace(zipkin_url, trace_id, TIMEOUTS.request)
        assert at(spans, wanted), f"no span of {wanted} among {[span.place for span in spans]}"
        return spans

    return eventually(check, within=TIMEOUTS.trace_arrives, what=f"a span of {wanted}", interval=0.5)


def pod_of(caller_name: str) -> str:
    return caller_name.rpartition("/")[2]


def test_spans_carry_the_tags_that_are_told(manifests: Manifests, backends: Backends, zipkin_url: str) -> None:
    client = pod_of(backends.client.name)

    def check() -> None:
        (span,) = at(spans_of_a_request(backends, zipkin_url, client), client)[:1]
        told = {tag.removeprefix("conformance."): v for tag, v in span.tags.items() if tag.startswith("conformance.")}
        assert told == {
            "literal": "told",
            "header": "conformance",
            "missing": "nobody",
            "environment": "unset",
            "formatter": "GET",
        }
        assert not [tag for tag in span.tags if tag.startswith("istio.")], f"tags of the mesh in {span.tags}"

    with manifests.applied(HERE / "tags.yaml"):
        eventually(check, within=TIMEOUTS.trace_arrives, what="tagged spans", successes=1)


def test_a_side_that_is_told_to_reports_nothing(manifests: Manifests, backends: Backends, zipkin_url: str) -> None:
    client, server = pod_of(backends.client.name), pod_of(backends.echo_v1.name)

    def check() -> None:
        # The proxies send their spans in batches of their own: the client's must still not be there in the end.
        spans = spans_of_a_request(backends, zipkin_url, server)
        assert not at(spans, client), f"spans of {client}: {at(spans, client)}"

    assert at(spans_of_a_request(backends, zipkin_url, client), client)
    with manifests.applied(HERE / "silent.yaml"):
        eventually(check, within=TIMEOUTS.trace_arrives * 2, what="a silent client", successes=2)


def test_spans_go_to_the_provider_that_is_named(manifests: Manifests, backends: Backends, zipkin_url: str) -> None:
    client, server = pod_of(backends.client.name), pod_of(backends.echo_v1.name)

    def check() -> None:
        spans = spans_of_a_request(backends, zipkin_url, client)
        assert not at(spans, server), f"spans of {server}: {at(spans, server)}"

    assert at(spans_of_a_request(backends, zipkin_url, server), server)
    with manifests.applied(HERE / "provider.yaml"):
        eventually(check, within=TIMEOUTS.trace_arrives * 2, what="a server whose spans go to nobody", successes=2)


@pytest.mark.parametrize("disabled", [False, True])
def test_servers_learn_of_a_trace_unless_they_are_not_to(
    manifests: Manifests, backends: Backends, disabled: bool
) -> None:
    server = Target(backends.client, f"http://untold.{backends.settings.outside_namespace}")
    headers = {"x-b3-traceid", "x-b3-spanid", "x-b3-sampled", "b3", "traceparent"}

    def fits(answer: Response) -> bool:
        return answer.status == 200 and bool(headers & set(answer.seen["headers"])) is not disabled

    with manifests.applied(HERE / "untold.yaml", disabled=str(disabled).lower()):
        server.must_become(fits, f"headers of the trace {'left out' if disabled else 'sent'}")


@pytest.mark.parametrize(("by_request_id", "mark"), [(True, "9"), (False, "4")])
def test_request_ids_tell_what_is_traced_unless_they_are_not_to(
    manifests: Manifests, backends: Backends, by_request_id: bool, mark: str
) -> None:
    """The digit that names a UUID's version says whether its request is sampled.

    https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_conn_man/headers#x-request-id
    """
    server = Target(backends.client, f"http://untold.{backends.settings.outside_namespace}")

    def fits(answer: Response) -> bool:
        return answer.status == 200 and answer.seen["headers"]["x-request-id"][14] == mark

    with manifests.applied(HERE / "request-ids.yaml", by_request_id=str(by_request_id).lower()):
        server.must_become(fits, f"request ids marked {mark}")
