"""Policies that are attached to a gateway by its name hold for the pods that carry it, and for no other."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from conformance.backends import Backends
from conformance.calls import Target
from conformance.convergence import eventually
from conformance.kubernetes import Kubernetes
from conformance.manifests import Manifests
from conformance.settings import Settings
from conformance.timeouts import TIMEOUTS
from conformance.tokens import Issuer, bearer

pytestmark = pytest.mark.target_refs
HERE = Path(__file__).parent
NAMED = Issuer("https://named.test")
FORGED = bearer(Issuer("https://named.test").token())
GATEWAY = "{group: gateway.networking.k8s.io, kind: Gateway, name: front-door}"
OTHER = "{group: gateway.networking.k8s.io, kind: Gateway, name: side-door}"
REQUESTS = 6


@pytest.fixture(scope="module")
def gateway(manifests: Manifests, backends: Backends, kubernetes: Kubernetes, settings: Settings) -> Iterator[Target]:
    with manifests.applied(HERE / "gateway.yaml"):
        kubernetes.rollout(settings.namespace, ["named"], TIMEOUTS.pods_ready)
        target = replace(backends.service("named", caller=backends.outside), host="named.test")
        target.must_become(lambda r: r.status == 200, "200 through the gateway")
        yield target


@pytest.mark.parametrize("target", [f"targetRef: {GATEWAY}", f"targetRefs: [{OTHER}, {GATEWAY}]"])
def test_what_is_attached_to_a_gateway_holds_there_alone(
    manifests: Manifests, backends: Backends, gateway: Target, kubernetes: Kubernetes, settings: Settings, target: str
) -> None:
    marker = f"/marked-{secrets.token_hex(8)}"

    def logged(app: str, path: str) -> int:
        arguments = ("logs", "-n", settings.namespace, "-l", f"app={app}", "-c", settings.proxy_container, "--tail=-1")
        return sum(path in line for line in kubernetes.kubectl(*arguments).splitlines())

    def logs() -> None:
        gateway.send(f"{marker}-probe")
        assert logged("named", f"{marker}-probe"), "no line yet"

    def all_logged() -> None:
        assert logged("named", f"{marker}-sent") == REQUESTS

    with manifests.applied(HERE / "policies.yaml", target=target, jwks=NAMED.jwks):
        gateway.must_become(lambda r: r.status == 403, "403 for what is closed", path="/closed")
        gateway.must_become(lambda r: r.status == 401, "401 for a forged token", headers=FORGED)
        eventually(logs, within=TIMEOUTS.log_arrives, what="a log", successes=1, interval=1)
        for sender in (gateway, backends.service("echo-v1")):
            tally = sender.load(REQUESTS, concurrency=2, path=f"{marker}-sent")
            assert tally.statuses == {"200": REQUESTS}, str(tally)
        inside = backends.service("echo-v1").load(REQUESTS, concurrency=2, path="/closed", headers=FORGED)
        assert inside.statuses == {"200": REQUESTS}, str(inside)
        eventually(all_logged, within=TIMEOUTS.log_arrives, what="what was sent", successes=2, interval=1)
        assert logged("echo", marker) == 0, "the workload behind the gateway was not told to log"
