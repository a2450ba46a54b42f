"""Workload certificates are replaced while requests flow, and none is lost."""

from __future__ import annotations

import subprocess
from collections.abc import Callable

import pytest

from conformance.backends import Backends
from conformance.convergence import eventually
from conformance.mtls.xfcc import HEADER, parse_xfcc
from conformance.settings import Settings
from conformance.timeouts import TIMEOUTS

pytestmark = pytest.mark.rotation


CONNECTIONS = 40


def certificate_hashes(backends: Backends) -> set[str]:
    """SHA-256 of the client's certificate, as the called side saw it on some connections.

    A proxy keeps its open connections, and with them the certificate they began with: slow requests side by side make
    it open new ones.
    """
    target = backends.service("echo-v1")
    target.load(CONNECTIONS, concurrency=CONNECTIONS, headers={"x-echo-delay": "0.3"})
    answers = target.send_all([target.request()] * CONNECTIONS)
    assert {answer.status for answer in answers} == {200}, str(answers)
    return {parse_xfcc(answer.seen["headers"][HEADER])[-1]["Hash"][0] for answer in answers}


def test_rotation_loses_no_request(
    backends: Backends, settings: Settings, measured: Callable[[str, object], None]
) -> None:
    if settings.rotate_command is None:
        pytest.skip("no --mesh-rotate-command is given")
    before = certificate_hashes(backends)

    def must_be_new() -> None:
        assert certificate_hashes(backends) - before, "still the old certificate"

    with backends.service("echo-v1").steady(rate=100) as load:
        subprocess.run(settings.rotate_command, shell=True, check=True, timeout=TIMEOUTS.rotation)
        eventually(must_be_new, within=TIMEOUTS.rotation, what="a new certificate")
    measured("requests during a rotation", str(load.tally))
    assert load.tally.failures == 0, str(load.tally)
