"""Connections as a pool makes and keeps them: in the kernel's table of the client's pod, and to silent servers.

https://www.kernel.org/doc/html/latest/networking/proc_net_tcp.html
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from conformance.backends import Backends
from conformance.calls import Target
from conformance.convergence import eventually
from conformance.kubernetes import Kubernetes
from conformance.manifests import Manifests
from conformance.timeouts import TIMEOUTS

pytestmark = pytest.mark.destination_policy
HERE = Path(__file__).parent
TOGETHER = 8
THREADS = 3
"""Most worker threads that a proxy is taken to have: each has a pool of its own."""
ESTABLISHED, KEEPALIVE_TIMER = "01", "02"
SERVER_PORT = f":{8080:04X}"
"""Where the backend's container listens, and its clients' proxies connect to."""
TICKS = 100
"""Of the kernel's clock in a second, as the table counts."""


@dataclass(frozen=True)
class Connection:
    """`timer` says what the kernel waits for on it, `seconds` for how long still."""

    timer: str
    seconds: float


@pytest.fixture(scope="module")
def pools(manifests: Manifests, backends: Backends) -> Iterator[Backends]:
    with manifests.applied(HERE / "sockets.yaml"):
        for name in ("sockets", "plain-sockets"):
            backends.service(name).must_become(lambda r: r.status == 200, f"{name} answering")
        yield backends


def connections(kubernetes: Kubernetes, backends: Backends) -> dict[str, Connection]:
    """Those from the client's pod to servers, by their own address."""
    namespace, _, pod = backends.client.name.partition("/")
    table = kubernetes.kubectl("exec", "-n", namespace, pod, "-c", "client", "--", "cat", "/proc/net/tcp")
    found = {}
    for line in table.splitlines()[1:]:
        _, local, remote, state, _, timer, *_ = line.split()
        kind, _, ticks = timer.partition(":")
        if state == ESTABLISHED and remote.endswith(SERVER_PORT):
            found[local] = Connection(kind, int(ticks, 16) / TICKS)
    return found


def made_for(target: Target, kubernetes: Kubernetes, backends: Backends) -> int:
    """How many connections are there after requests at the same time that were not before them."""
    before = connections(kubernetes, backends)
    tally = target.load(TOGETHER, concurrency=TOGETHER, headers={"x-echo-delay": "0.5"})
    assert tally.statuses == {"200": TOGETHER}, str(tally)
    after = connections(kubernetes, backends)
    return len(after.keys() - before.keys())


def test_a_connection_carries_as_many_streams_as_told(pools: Backends, kubernetes: Kubernetes) -> None:
    plain = made_for(pools.service("plain-sockets"), kubernetes, pools)
    assert plain <= THREADS, f"{plain} connections of HTTP/2 for {TOGETHER} requests"
    told = made_for(pools.service("sockets"), kubernetes, pools)
    assert told >= TOGETHER - THREADS, f"{told} connections for {TOGETHER} requests"


def test_idle_connections_are_probed_when_told(pools: Backends, kubernetes: Kubernetes) -> None:
    def check() -> None:
        pools.service("sockets").send()
        waiting = [each for each in connections(kubernetes, pools).values() if each.timer == KEEPALIVE_TIMER]
        assert any(500 < each.seconds <= 1000 for each in waiting), f"no keepalive of 1000 s among {waiting}"

    eventually(check, within=TIMEOUTS.config_takes_effect, what="a connection that is probed", successes=1)


@pytest.mark.parametrize(
    ("server", "policy"), [("wall", "connect-timeout"), ("silent", "keepalive"), ("deaf", "probes")]
)
def test_connections_to_who_is_not_there_are_given_up_when_told(
    backends: Backends, manifests: Manifests, server: str, policy: str
) -> None:
    """Each server keeps a request waiting for as long as it may, until its connection is not to wait so long."""
    target = Target(backends.client, f"http://{server}.{backends.settings.outside_namespace}")
    with manifests.applied(HERE / f"{server}.yaml"):
        target.must_become(
            lambda r: r.status == 504, "requests that wait in vain", within=TIMEOUTS.pods_ready, together=1
        )
        with manifests.applied(HERE / f"{policy}.yaml"):
            target.must_become(
                lambda r: r.status == 503, "connections given up", within=TIMEOUTS.pods_ready, together=1
            )
