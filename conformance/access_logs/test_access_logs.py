"""What is asked for stands in the proxy's log, once, and what is not asked for does not."""

from __future__ import annotations

import itertools
import secrets
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from conformance.backends import Backends
from conformance.callers import PodCaller
from conformance.convergence import eventually
from conformance.kubernetes import Kubernetes
from conformance.manifests import Manifests
from conformance.settings import Settings
from conformance.timeouts import TIMEOUTS

pytestmark = pytest.mark.access_logs
HERE = Path(__file__).parent
Lines = Callable[[PodCaller, str], list[str]]
PROBES = 16
"""Requests of an attempt, of which all must be logged before any is counted: a connection from before a change may
take one more. It does so once, so after such an attempt no other can lack a line.
"""


@pytest.fixture
def lines(kubernetes: Kubernetes, settings: Settings) -> Lines:
    """The lines of a pod's proxy that hold a text."""

    def read(pod: PodCaller, text: str) -> list[str]:
        namespace, _, name = pod.name.partition("/")
        log = kubernetes.kubectl("logs", "-n", namespace, name, "-c", settings.proxy_container, "--since=5m")
        return [line for line in log.splitlines() if text in line]

    return read


def must_log(found: Callable[[], int], count: int, what: str) -> None:
    """Proxies write their logs in batches: a number that is right must stay so."""

    def check() -> None:
        assert found() == count, f"{found()} lines, {count} are right"

    eventually(check, within=TIMEOUTS.log_arrives, what=what, successes=4, interval=0.5)


def test_a_client_logs_what_an_expression_picks(manifests: Manifests, backends: Backends, lines: Lines) -> None:
    target, marker = backends.service("echo-v1"), f"/logged-{secrets.token_hex(8)}"
    with manifests.applied(HERE / "failures.yaml"):
        probe = f"{marker}-probe"

        def in_force() -> None:
            target.send(probe, headers={"x-echo-status": "418"})
            assert lines(backends.client, probe), "no line yet"

        eventually(in_force, within=TIMEOUTS.log_arrives, what="a log", successes=1, interval=1)
        for status, count in (("200", 6), ("418", 4), ("500", 3)):
            tally = target.load(count, concurrency=1, path=f"{marker}-{status}", headers={"x-echo-status": status})
            assert tally.statuses == {status: count}, str(tally)
        target.load(5, concurrency=1, path=f"/other{marker}", headers={"x-echo-status": "418"})
        must_log(lambda: len(lines(backends.client, f"{marker}-418")), 4, "the failures")
        must_log(lambda: len(lines(backends.client, f"{marker}-500")), 3, "the other failures")
        assert lines(backends.client, f"{marker}-200") == []
        assert lines(backends.client, f"/other{marker}") == []
        assert lines(backends.echo_v1, marker) == [], "the server was not told to log"


def test_servers_of_a_namespace_log_but_for_one(manifests: Manifests, backends: Backends, lines: Lines) -> None:
    marker = f"/logged-{secrets.token_hex(8)}"
    with manifests.applied(HERE / "servers.yaml"):
        probe = f"{marker}-probe-"
        attempts = itertools.count()

        def in_force() -> None:
            backends.service("echo-v1").load(PROBES, concurrency=PROBES // 2, path=f"{probe}{next(attempts)}-")
            logged = Counter(line.partition(probe)[2].partition("-")[0] for line in lines(backends.echo_v1, probe))
            assert PROBES in logged.values(), f"of {PROBES} each, the log has {dict(logged)} by attempt"

        eventually(in_force, within=2 * TIMEOUTS.log_arrives, what="a log", successes=1, interval=1)
        for service in ("echo-v1", "echo-v2"):
            assert backends.service(service).load(5, concurrency=1, path=marker + "-sent").failures == 0
        must_log(lambda: len(lines(backends.echo_v1, f"{marker}-sent")), 5, "what was sent")
        assert lines(backends.echo_v2, f"{marker}-sent") == []
        assert lines(backends.client, f"{marker}-sent") == [], "clients were not told to log"


def test_a_line_ends_with_the_name_of_its_route(manifests: Manifests, backends: Backends, lines: Lines) -> None:
    """That of the rule and, where the condition has one, that of what was met."""
    target, marker = backends.service("echo-v1"), f"-{secrets.token_hex(8)}"
    named = {"x-named": "yes"}

    def route_of(path: str) -> set[str]:
        return {line.split()[-1] for line in lines(backends.client, path)}

    def in_force() -> None:
        target.send(f"/probe{marker}", headers=named)
        assert "shop-front.by-header" in route_of(f"/probe{marker}"), "not yet"

    with manifests.applied(HERE / "named.yaml"):
        eventually(in_force, within=2 * TIMEOUTS.log_arrives, what="a log with the name", successes=1, interval=1)
        target.send(f"/header{marker}", headers=named)
        target.send(f"/named-path{marker}")
        target.send(f"/neither{marker}")
        must_log(lambda: len(lines(backends.client, f"/neither{marker}")), 1, "the last one sent")
    assert route_of(f"/header{marker}") == {"shop-front.by-header"}
    assert route_of(f"/named-path{marker}") == {"shop-front"}
    assert not {"shop-front", "shop-front.by-header"} & route_of(f"/neither{marker}")
