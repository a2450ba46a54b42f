"""What docs/guide.md lists is what the code has: annotations, protocols, ports, metrics, headers, states, examples."""

from __future__ import annotations

import re
from dataclasses import fields

import pytest
from prometheus_client import REGISTRY

from commands.control_plane import Replica
from mesh_stack.components.ingress_gateway import PORTS
from mesh_stack.components.telemetry import PROMETHEUS_NODE_PORT, ZIPKIN_NODE_PORT
from mesh_stack.scrape_config import LABELS
from mesh_stack.settings import Settings
from meshd.ingest.kubernetes.protocol import protocol_of
from meshd.inject.annotations import SUPPORTED as ANNOTATIONS
from meshd.inject.decision import SYSTEM_NAMESPACES
from meshd.inject.settings import ADMIN_PORT, METRICS_PORT, UID
from meshd.model.service import Protocol, Proxy, Workload
from meshd.networking.engine import Lease
from meshd.networking.listeners.telemetry.metrics import http_metrics, inbound_labels, outbound_labels, tcp_metrics
from meshd.networking.scopes import proxy_scope
from meshd.pki.workload import DEFAULT_TTL
from meshd.runtime import metrics as _counted  # noqa: F401  (registers what meshd counts)
from meshd.runtime.admin import SHORT_NAMES, describe
from meshd.runtime.settings import ADMIN_PORT as MESHD_ADMIN_PORT
from meshd.runtime.settings import MONITORING_PORT, WEBHOOK_PORT
from meshd.runtime.status import writer as _writes  # noqa: F401  (registers what it counts)
from meshd.xds.stream import Stream
from meshd.xds.view import View
from meshd.xds.wire import Request
from sample_app.trace_headers import B3_MULTI, REQUEST_ID
from tests.docs.pages import DOCS, REPOSITORY, first_cells, section

GUIDE = DOCS / "guide.md"


def words(title: str) -> str:
    """A section as one line."""
    return " ".join(section(GUIDE, title).split())


def test_annotations_are_those_that_are_read() -> None:
    listed = first_cells(section(GUIDE, "Put an application into the mesh"))
    assert set(listed) == ANNOTATIONS
    assert len(listed) == len(set(listed))


def test_who_is_left_alone() -> None:
    text = words("Put an application into the mesh")
    assert "`kube-system`" in text
    assert "kube-system" in SYSTEM_NAMESPACES
    assert f"user or group {UID}" in text


def test_protocols_are_understood_and_what_is_not_named_is_detected() -> None:
    named = re.search(r"first word of the port's name: (.*?)\. A port", words("Put an application into the mesh"))
    assert named is not None
    for name in re.findall(r"`([\w-]+)`", named[1]):
        assert protocol_of("TCP", None, f"{name}-of-mine") is protocol_of("TCP", name, None), name
        assert (
            name == "tcp" or name in ("mongo", "mysql", "redis") or protocol_of("TCP", name, None) is not Protocol.TCP
        )
    assert protocol_of("TCP", None, "web") is protocol_of("TCP", None, None) is Protocol.AUTO


def test_gateway_ports_are_those_of_its_service() -> None:
    chosen = Settings()
    published = {
        80: chosen.http_port, 443: chosen.https_port, 8081: chosen.extra_http_port, 15443: chosen.extra_https_port,
    }  # fmt: skip
    rows = re.findall(r"^\| (\d+) \| (\d+) \| (\d*) ?\| ?(\S*) ?\|$", section(GUIDE, "Ingress gateway"), re.MULTILINE)
    assert rows == [
        (
            str(port.port),
            str(port.target_port),
            str(port.node_port or ""),
            f"127.0.0.1:{published[port.port]}" if port.port in published else "",
        )
        for port in PORTS
    ]


def test_node_ports_of_an_existing_cluster() -> None:
    text = " ".join(GUIDE.read_text().split())
    gateway = {port.port: port.node_port for port in PORTS}
    assert f"ports {gateway[80]} and {gateway[443]}" in text
    assert f"Prometheus at {PROMETHEUS_NODE_PORT}, Zipkin at {ZIPKIN_NODE_PORT}" in text
    assert f"reaches pods at port {WEBHOOK_PORT}" in text


def table(title: str, header: str) -> list[str]:
    """First cells of the one table of a section whose first heading is `header`."""
    _, found, rest = section(GUIDE, title).partition(f"| {header} |")
    assert found, header
    return first_cells(rest.partition("\n\n")[0])


def test_metrics_are_those_of_the_proxies() -> None:
    made = str(http_metrics(outbound_labels(), "http", ()) + tcp_metrics(outbound_labels(), ()))
    names = dict.fromkeys(re.findall(r"(?:requests|request|response|tcp)_[a-z_]*(?:total|milliseconds|bytes)\b", made))
    assert {f"istio_{name}" for name in names} == set(table("Metrics", "metric"))
    assert f"port {METRICS_PORT}" in words("Metrics")


def test_labels_are_those_of_the_proxies() -> None:
    text = section(GUIDE, "Metrics").partition("| label |")[2].partition("\n\n")[0]
    listed = set(re.findall(r"`(\w+)`", text))
    tags = outbound_labels() | inbound_labels(True) | inbound_labels(False)
    made = str(http_metrics(tags, "http", ()))
    known = {*tags, *LABELS} - {"source_subject"} | {"response_code", "response_flags", "grpc_response_status"}
    assert known | {"request_protocol"} <= listed
    for label in known - set(LABELS):
        assert label in made, label
    assert outbound_labels()["connection_security_policy"] == "unknown"
    assert inbound_labels(True)["connection_security_policy"] == "mutual_tls"
    assert inbound_labels(False)["connection_security_policy"] == "none"


def test_what_meshd_counts_is_listed() -> None:
    counted = {
        name
        for family in REGISTRY.collect()
        if family.name.startswith("meshd_")
        for name in [f"{family.name}_total" if family.type == "counter" else family.name]
    }
    _, _, rest = section(GUIDE, "Metrics").partition("meshd counts itself")
    assert set(first_cells(rest)) == counted
    assert f"port {MONITORING_PORT}" in words("Metrics")


def test_headers_to_pass_on_are_those_that_the_shop_passes_on() -> None:
    assert first_cells(section(GUIDE, "Tracing")) == [*REQUEST_ID, *B3_MULTI]


@pytest.fixture
def stream() -> Stream:
    pod = Workload("shop", "ratings-1", "u1", "10.0.0.1", (), "ratings", "ratings", True)
    proxy = Proxy("sidecar~10.0.0.1~ratings-1.shop~d", "sidecar", pod)
    lease = Lease(proxy_scope(proxy), {t: (t,) for t in SHORT_NAMES.values()})
    opened = Stream(proxy, View(lease, {t: ({},) for t in SHORT_NAMES.values()}))
    opened.receive(Request(SHORT_NAMES["Cluster"]))
    return opened


def test_status_has_the_keys_that_are_listed(stream: Stream) -> None:
    proxy = describe(stream)
    text = words("See what proxies have")
    assert first_cells(section(GUIDE, "See what proxies have")) == list(proxy["types"]["Cluster"])
    for key in (*(field.name for field in fields(Replica)), *proxy):
        assert f"`{key}`" in text, key
    for name in SHORT_NAMES:
        assert f"`{name}`" in text, name
    assert f"deployment/meshd {MESHD_ADMIN_PORT}" in text
    assert f"deployment/ratings-v1 {ADMIN_PORT}" in text


def test_certificates_hold_as_long_as_said() -> None:
    hours = DEFAULT_TTL.total_seconds() / 3600
    told = f"half of their {hours:.0f} hours, hold for {hours / 2:.0f} hours at least"
    assert told in words("When meshd is down")


def test_every_example_is_explained() -> None:
    examples = {str(path.relative_to(REPOSITORY)) for path in (REPOSITORY / "examples").rglob("*.yaml")}
    assert set(table("Apply Istio's YAML", "example")) == examples
