"""What Telemetry says of a TCP metric holds for that one, at the workloads and on the side that are named."""

from __future__ import annotations

from pathlib import Path

import pytest

from conformance.backends import Backends
from conformance.convergence import eventually
from conformance.manifests import Manifests
from conformance.metrics.prometheus import Counts, counter_sum, query
from conformance.timeouts import TIMEOUTS

pytestmark = pytest.mark.telemetry
HERE = Path(__file__).parent
CONNECTIONS = 12


def test_tcp_metrics_are_changed_one_by_one(manifests: Manifests, backends: Backends, prometheus_url: str) -> None:
    target = backends.service("telemetry-tcp", port=9000, scheme="tcp")
    service = {
        "destination_service_name": "telemetry-tcp",
        "destination_service_namespace": backends.settings.namespace,
    }

    def counted(metric: str, by: tuple[str, ...] = (), reporter: str = "source") -> Counts:
        return query(prometheus_url, counter_sum(metric, by, reporter=reporter, **service), by, TIMEOUTS.request)

    def must_greet(count: int) -> None:
        answers = target.send_all([target.request(body="hello")] * count)
        assert all(answer.body.endswith("hello") for answer in answers), str(answers)

    def in_force() -> None:
        must_greet(1)
        assert ("told",) in counted("istio_tcp_received_bytes_total", ("said",)), "no label of its own"

    def check() -> None:
        closed = counted("istio_tcp_connections_closed_total", ("destination_app",))
        assert closed[("",)] >= CONNECTIONS, f"{closed} closed, although one label is left out"
        assert counted("istio_tcp_connections_opened_total") == opened, "opened connections are still counted"
        assert counted("istio_tcp_sent_bytes_total") == sent, "sent bytes are still counted"
        for metric in ("connections_opened", "connections_closed", "sent_bytes", "received_bytes"):
            found = counted(f"istio_tcp_{metric}_total", ("destination_app",), reporter="destination")
            assert found[("echo",)] >= CONNECTIONS, f"{found} of {metric} at the server"

    with manifests.applied(HERE / "tcp.yaml"):
        eventually(in_force, within=TIMEOUTS.scrape, what="a label of its own", successes=1, interval=0.5)
        opened, sent = counted("istio_tcp_connections_opened_total"), counted("istio_tcp_sent_bytes_total")
        must_greet(CONNECTIONS)
        eventually(check, within=TIMEOUTS.scrape, what="counts of TCP", successes=4, interval=TIMEOUTS.scrape_stays / 4)
