"""An endpoint that has just come gets its share of requests step by step, as told.

All hosts get the same newcomer at the same time, after their first endpoint's own time is over.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from conformance.backends import Backends
from conformance.calls import Target
from conformance.convergence import eventually
from conformance.kubernetes import Kubernetes
from conformance.manifests import Manifests
from conformance.pod_address import ip_of
from conformance.timeouts import TIMEOUTS

pytestmark = pytest.mark.destination_policy
HERE = Path(__file__).parent
WINDOW = 30
"""Seconds, see the manifest."""
HOSTS = ("seconds", "duration", "minimum", "aggression", "cold")
REQUESTS = 200
FEW, HALF = 0.3, 0.4
"""Shares of the newcomer: it begins at 9 %, and even a third of the time on it is at a fourth; or it is at nearly half
from the first second on."""


def share(target: Target) -> float:
    """The part of the requests that the newcomer gets, which is not nothing."""
    tally = target.load(REQUESTS, concurrency=2)
    assert tally.statuses == {"200": REQUESTS}, str(tally)
    assert tally.values.keys() == {"v1", "v2"}, str(tally.values)
    return tally.values["v2"] / REQUESTS


@pytest.fixture(scope="module")
def hosts(manifests: Manifests, backends: Backends, kubernetes: Kubernetes) -> Iterator[dict[str, Target]]:
    """By name; nobody is at the address asked for. The first endpoint is there for long when the second comes."""
    targets = {
        name: Target(backends.client, "http://192.0.2.1", f"{name}.{backends.settings.namespace}.test")
        for name in HOSTS
    }
    with manifests.applied(HERE / "warmup.yaml", v1_ip=ip_of(kubernetes, backends.echo_v1)):
        for name, target in targets.items():
            target.must_become(lambda r: r.version == "v1", f"{name} answering", together=1)
        time.sleep(WINDOW)
        yield targets


@pytest.fixture(scope="module")
def first_shares(
    hosts: dict[str, Target], manifests: Manifests, backends: Backends, kubernetes: Kubernetes
) -> Iterator[dict[str, float]]:
    """The newcomer's shares as soon as it is known, in the order of HOSTS."""
    with manifests.applied(HERE / "newcomer.yaml", v2_ip=ip_of(kubernetes, backends.echo_v2)):
        yield {
            name: eventually(
                partial(share, target),
                within=TIMEOUTS.config_takes_effect, what=f"{name} having a newcomer", successes=1,
            )
            for name, target in hosts.items()
        }  # fmt: skip


@pytest.mark.parametrize("host", ["seconds", "duration"])
def test_a_newcomer_gets_few_requests_at_first(first_shares: dict[str, float], host: str) -> None:
    assert 0 < first_shares[host] < FEW


@pytest.mark.parametrize("host", ["minimum", "aggression", "cold"])
def test_a_newcomer_gets_as_many_at_once_as_told(first_shares: dict[str, float], host: str) -> None:
    assert first_shares[host] > HALF


@pytest.mark.parametrize("host", ["seconds", "duration"])
def test_a_newcomer_gets_its_share_in_the_end(
    first_shares: dict[str, float], hosts: dict[str, Target], host: str
) -> None:
    def check() -> None:
        found = share(hosts[host])
        assert found > HALF, f"a share of {found:.0%}"

    eventually(check, within=WINDOW + TIMEOUTS.config_takes_effect, what=f"{host} sharing evenly", successes=1)
