"""What goes to no known host is sent to a subset of the egress proxy's service, and to no other."""

from __future__ import annotations

from pathlib import Path

import pytest

from conformance.backends import Backends
from conformance.calls import Target
from conformance.manifests import Manifests
from conformance.sidecar.test_sidecar import through_the_mesh

pytestmark = pytest.mark.sidecar
HERE = Path(__file__).parent
REQUESTS = 40


def test_a_subset_of_the_egress_proxy_gets_the_rest(manifests: Manifests, backends: Backends) -> None:
    """Both versions are behind the service: without the subset each would get some of the requests."""
    with manifests.applied(HERE / "egress-proxy-subset.yaml"):
        stray = Target(backends.client, backends.service("echo-v1").base, host="nobody.example")
        stray.must_become(lambda r: through_the_mesh(r) and r.version == "v2", "the subset for a host nobody has")
        tally = stray.load(REQUESTS, concurrency=4)
        assert tally.values == {"v2": REQUESTS}, str(tally)
        assert backends.service("echo-v1").send().version == "v1"
