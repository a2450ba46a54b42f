"""Modes of mutual TLS, what is really on the wire, and who the peers are."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from pathlib import Path

import pytest

from conformance.backends import Backends, GatewayEntrance
from conformance.calls import Response, Target
from conformance.manifests import Manifests
from conformance.mtls.capture import Captured, parse_capture
from conformance.mtls.xfcc import HEADER, last_caller, parse_xfcc
from conformance.timeouts import TIMEOUTS

pytestmark = pytest.mark.mtls
HERE = Path(__file__).parent
PORT = 8080


def from_outside(backends: Backends, service: str, port: int = 80) -> Target:
    reached = backends.service(service, caller=backends.outside, port=port)
    return Target(reached.caller, reached.base, timeout=TIMEOUTS.refused_request)


def refused(response: Response) -> bool:
    """No HTTP answer at all: the connection was reset, closed or left without an answer."""
    return response.status is None


def answered(response: Response) -> bool:
    return response.status == 200


def capture(backends: Backends, target: Target, marker: str) -> Captured:
    """What passes the backend's network interface while `target` gets requests with `marker` in path and body."""
    sniffer = backends.sniffer.script("sniffer.py", "--port", str(PORT))
    try:
        # Connections kept alive from before are idle now, so that each flow is seen from the start of a record.
        target.load(40, concurrency=20, path=f"/{marker}", headers={"x-marker": marker})
        sniffer.write("end")
        return parse_capture(sniffer.read(TIMEOUTS.request))
    finally:
        sniffer.close()


@pytest.mark.smoke
def test_strict_refuses_plaintext_from_outside_and_serves_the_mesh(manifests: Manifests, backends: Backends) -> None:
    with manifests.applied(HERE / "peer-authentication.yaml", mode="STRICT"):
        from_outside(backends, "echo-v1").must_become(refused, "plaintext refused (STRICT)", together=3)
        tally = backends.service("echo-v1").load(50)
        assert tally.statuses == {"200": 50}, str(tally)


def test_permissive_accepts_both(manifests: Manifests, backends: Backends) -> None:
    with manifests.applied(HERE / "peer-authentication.yaml", mode="PERMISSIVE"):
        from_outside(backends, "echo-v1").must_become(answered, "plaintext accepted (PERMISSIVE)")
        answer = backends.service("echo-v1").must_become(answered, "mutual TLS accepted (PERMISSIVE)")
        assert last_caller(answer.seen["headers"]) == backends.spiffe_id("client")


def test_disable_serves_plaintext_to_everybody(manifests: Manifests, backends: Backends) -> None:
    with manifests.applied(HERE / "peer-authentication.yaml", mode="DISABLE"):
        from_outside(backends, "echo-v1").must_become(answered, "plaintext accepted (DISABLE)")
        answer = backends.service("echo-v1").must_become(
            lambda r: answered(r) and HEADER not in r.seen["headers"], "no certificate between workloads (DISABLE)"
        )
        assert answer.version == "v1"


def test_captured_bytes_are_tls_and_hold_no_marker(
    manifests: Manifests, backends: Backends, measured: Callable[[str, object], None]
) -> None:
    marker = f"marker-{uuid.uuid4().hex}"
    with manifests.applied(HERE / "peer-authentication.yaml", mode="STRICT"):
        from_outside(backends, "echo-v1").must_become(refused, "plaintext refused (STRICT)", together=3)
        captured = capture(backends, backends.service("echo-v1"), marker)
    measured("captured between two pods", f"{captured.size} bytes in {len(captured.flows)} flows, no marker")
    assert captured.size > 10_000, "nothing to judge was captured"
    assert not captured.holds(marker), "the payload can be read on the wire"
    assert not captured.plaintext_flows, f"not TLS: {captured.plaintext_flows}"


def test_the_capture_would_have_seen_a_marker(manifests: Manifests, backends: Backends) -> None:
    marker = f"marker-{uuid.uuid4().hex}"
    with manifests.applied(HERE / "peer-authentication.yaml", mode="DISABLE"):
        backends.service("echo-v1").must_become(
            lambda r: answered(r) and HEADER not in r.seen["headers"], "no certificate between workloads (DISABLE)"
        )
        captured = capture(backends, backends.service("echo-v1"), marker)
    assert captured.holds(marker), "the capture is blind: plaintext passed it unseen"
    assert captured.plaintext_flows


@pytest.mark.smoke
def test_peers_are_who_their_service_accounts_say(backends: Backends) -> None:
    callers = {
        backends.client: backends.spiffe_id("client"),
        backends.far: backends.spiffe_id("client", backends.settings.far_namespace),
        backends.echo_v2: backends.spiffe_id("echo"),
    }
    for caller, identity in callers.items():
        answer = backends.service("echo-v1", caller=caller).must_become(answered, f"an answer to {caller.name}")
        assert last_caller(answer.seen["headers"]) == identity
        (element,) = parse_xfcc(answer.seen["headers"][HEADER])
        assert element["By"] == [backends.spiffe_id("echo")]


def test_a_caller_cannot_name_itself_another(backends: Backends) -> None:
    forged = f"By=x;URI={backends.spiffe_id('admin')}"
    answer = backends.service("echo-v1").send(headers={HEADER: forged})
    assert last_caller(answer.seen["headers"]) == backends.spiffe_id("client")


def test_the_gateway_has_an_identity_of_its_own(manifests: Manifests, gateway: GatewayEntrance) -> None:
    with manifests.applied(HERE.parent / "routing" / "hosts.yaml"):
        answer = gateway.host("one").must_become(answered, "host one through the gateway")
    trust_domain, namespace = gateway.settings.trust_domain, gateway.settings.gateway_namespace
    caller = last_caller(answer.seen["headers"]) or "nobody"
    assert caller.startswith(f"spiffe://{trust_domain}/ns/{namespace}/sa/"), caller


def test_a_workload_may_differ_from_its_namespace(manifests: Manifests, backends: Backends) -> None:
    with manifests.applied(HERE / "workload-level.yaml"):
        from_outside(backends, "echo-v1").must_become(refused, "plaintext refused (namespace)", together=3)
        from_outside(backends, "echo-v2").must_become(answered, "plaintext accepted (workload)")


def test_a_port_may_differ_from_its_workload(manifests: Manifests, backends: Backends) -> None:
    with manifests.applied(HERE / "port-level.yaml"):
        from_outside(backends, "echo-v1").must_become(refused, "plaintext refused (workload)", together=3)
        from_outside(backends, "echo-v1", 8081).must_become(answered, "plaintext accepted (port)")
        answer = backends.service("echo-v1", port=8081).must_become(
            lambda r: answered(r) and HEADER not in r.seen["headers"], "plaintext from the mesh (port)"
        )
        assert answer.seen["port"] == 8081


def test_tcp_between_workloads_works_under_strict(manifests: Manifests, backends: Backends) -> None:
    with manifests.applied(HERE / "peer-authentication.yaml", mode="STRICT"):
        plain = backends.service("echo-v1", caller=backends.outside, port=9000, scheme="tcp")
        outside = Target(plain.caller, plain.base, timeout=TIMEOUTS.refused_request)
        outside_request = outside.request(body="hello")
        from_outside(backends, "echo-v1").must_become(refused, "plaintext refused (STRICT)", together=3)
        (answer,) = outside.send_all([outside_request])
        assert "hello" not in answer.body, "plaintext TCP from outside was answered"
        inside = backends.service("echo-v1", port=9000, scheme="tcp").send(body="hello")
        assert inside.body.endswith("v1 hello"), str(inside)
