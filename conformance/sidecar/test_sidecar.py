"""A Sidecar decides what its workloads reach, what becomes of the rest, and how requests come in."""

from __future__ import annotations

from pathlib import Path

import pytest

from conformance.backends import Backends
from conformance.calls import Response, Target
from conformance.manifests import Manifests

pytestmark = pytest.mark.sidecar
HERE = Path(__file__).parent


def through_the_mesh(response: Response) -> bool:
    """The backend was shown the caller's identity, so the request came by mutual TLS."""
    return response.status == 200 and "x-forwarded-client-cert" in response.seen["headers"]


def passed_by_the_mesh(response: Response) -> bool:
    return response.status == 200 and "x-forwarded-client-cert" not in response.seen["headers"]


def must_stay_reachable(target: Target) -> None:
    tally = target.load(30, concurrency=2)
    assert tally.statuses == {"200": 30}, str(tally)


def test_only_what_is_let_in_is_reached(manifests: Manifests, backends: Backends) -> None:
    with manifests.applied(HERE / "egress.yaml", mode="REGISTRY_ONLY"):
        backends.service("echo-v2").must_become(lambda r: r.status == 502, "502 for a service that is not let in")
        must_stay_reachable(backends.service("echo-v1"))
        must_stay_reachable(backends.service("echo-v2", caller=backends.far))
    backends.service("echo-v2").must_become(through_the_mesh, "everything as before without the Sidecar")


def test_the_rest_is_passed_on_where_any_destination_is_allowed(manifests: Manifests, backends: Backends) -> None:
    with manifests.applied(HERE / "egress.yaml", mode="ALLOW_ANY"):
        backends.service("echo-v2").must_become(passed_by_the_mesh, "plaintext to a service that is not let in")
        assert through_the_mesh(backends.service("echo-v1").send())


def test_a_port_may_have_hosts_of_its_own(manifests: Manifests, backends: Backends) -> None:
    with manifests.applied(HERE / "ports.yaml"):
        backends.service("echo-v1", port=8081).must_become(lambda r: r.status == 502, "502 for a host not at the port")
        must_stay_reachable(backends.service("echo-v2", port=8081))
        must_stay_reachable(backends.service("echo-v1"))
        assert backends.service("echo-v2").send().status == 502


def test_the_proxy_listens_where_it_is_told(manifests: Manifests, backends: Backends) -> None:
    name = f"echo-v1.{backends.settings.namespace}"
    with manifests.applied(HERE / "bound.yaml"):
        loopback = Target(backends.client, "http://127.0.0.1:8081", host=name)
        loopback.must_become(through_the_mesh, "echo-v1 at the proxy's own port")


def test_an_egress_proxy_gets_the_rest(manifests: Manifests, backends: Backends) -> None:
    with manifests.applied(HERE / "egress-proxy.yaml"):
        stray = Target(backends.client, backends.service("echo").base, host="nobody.example")
        stray.must_become(lambda r: through_the_mesh(r) and r.version == "v2", "echo-v2 for a host nobody has")
        assert backends.service("echo-v1").send().version == "v1"


def test_ingress_hands_requests_to_another_port(manifests: Manifests, backends: Backends) -> None:
    target = backends.service("echo-v1")
    assert target.send().seen["port"] == 8080
    with manifests.applied(HERE / "ingress.yaml"):
        target.must_become(lambda r: r.status == 200 and r.seen["port"] == 8081, "the port behind the listener")
        tally = target.load(40, concurrency=20, path="/", headers={"x-echo-delay": "0.2"})
        assert tally.statuses.keys() == {"200", "503"}, f"one connection and one waiting request: {tally}"
    target.must_become(lambda r: r.status == 200 and r.seen["port"] == 8080, "its own port without the Sidecar")


def test_ingress_is_bound_where_it_is_told(manifests: Manifests, backends: Backends) -> None:
    """Nobody but the proxy listens at the port: at loopback for the pod itself, at every address for all."""

    def behind(response: Response) -> bool:
        return response.status == 200 and response.seen["port"] == 8081

    within = Target(backends.echo_v1, "http://127.0.0.1:8099")
    service = backends.service("bound")
    with manifests.applied(HERE / "ingress-bound.yaml", bind="127.0.0.1"):
        within.must_become(behind, "the port behind the listener, from the pod itself")
        assert service.send().status == 503, "nobody listens at the pod's address"
    with manifests.applied(HERE / "ingress-bound.yaml", bind="0.0.0.0"):
        service.must_become(behind, "the port behind the listener, from the client")
        within.must_become(behind, "the port behind the listener, from the pod itself")


def test_rules_that_are_not_let_in_do_not_act(manifests: Manifests, backends: Backends) -> None:
    with manifests.applied(HERE / "rules.yaml"):
        target = backends.service("echo")
        target.must_become(lambda r: r.version == "v2", "the rule acts without a Sidecar", together=10)
        with manifests.applied(HERE / "egress.yaml", mode="ALLOW_ANY"):
            target.must_become(passed_by_the_mesh, "no rule for a host that is not let in")
