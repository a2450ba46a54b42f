"""Requests of gRPC are told from others on the client's side too."""

from __future__ import annotations

from pathlib import Path

import pytest

from conformance.backends import Backends
from conformance.convergence import eventually
from conformance.manifests import Manifests
from conformance.metrics.prometheus import Counts, counter_sum, query
from conformance.timeouts import TIMEOUTS

pytestmark = pytest.mark.metrics
HERE = Path(__file__).parent
SENT = 7


def test_the_source_tells_grpc_from_http(manifests: Manifests, backends: Backends, prometheus_url: str) -> None:
    target = backends.service("metrics-grpc", port=8079)
    by = ("request_protocol",)
    promql = counter_sum(
        "istio_requests_total",
        by,
        reporter="source",
        destination_service_name="metrics-grpc",
        destination_service_namespace=backends.settings.namespace,
    )

    def counts() -> Counts:
        return query(prometheus_url, promql, by, TIMEOUTS.request)

    def known() -> None:
        target.send(headers={"content-type": "text/plain"})
        assert counts().get(("http",), 0) > 0, "no request counted yet"

    def told_apart() -> None:
        found = counts()
        assert found.get(("grpc",)) == SENT, f"{found}, {SENT} were gRPC"
        assert found.keys() == {("grpc",), ("http",)}, found

    with manifests.applied(HERE / "grpc.yaml"):
        eventually(known, within=TIMEOUTS.scrape, what="the service known", successes=1, interval=0.5)
        target.send_all([target.request(method="POST", headers={"content-type": "application/grpc"})] * SENT)
        pause = TIMEOUTS.scrape_stays / 4
        eventually(told_apart, within=TIMEOUTS.scrape, what="gRPC counted", successes=4, interval=pause)
