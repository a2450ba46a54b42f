"""Kubernetes' objects as rows of the model."""

from __future__ import annotations

import base64
import json
from datetime import timedelta
from typing import Any

import pytest

from meshd.ingest.kind import Rejected
from meshd.ingest.kubernetes import endpoint_slice, node, pod, secret, service
from meshd.ingest.kubernetes.protocol import protocol_of
from meshd.inject import owner
from meshd.model.gateway import KeyPair
from meshd.model.locality import Locality
from meshd.model.service import Alias, Endpoint, EndpointSlice, Protocol, Service, ServicePort, Workload
from meshd.model.tables import NODES, READY_PODS
from meshd.pki.authority import create_root

Json = dict[str, Any]
METADATA: Json = {"name": "reviews", "namespace": "shop", "resourceVersion": "7", "uid": "u"}


def _row(rows: tuple[tuple[Any, str, Any], ...]) -> Any:
    ((_, key, row),) = rows
    assert key == f"{row.namespace}/{row.name}"
    return row


def _service(spec: Json, annotations: Json | None = None) -> tuple[Any, ...]:
    raw = json.dumps({"metadata": METADATA | {"annotations": annotations or {}}, "spec": spec})
    return service.rows("cluster.local", raw.encode())


def test_service() -> None:
    ports = [
        {"name": "http", "port": 80, "targetPort": "web", "protocol": "TCP"},
        {"name": "http-admin", "port": 81, "appProtocol": "grpc"},
    ]
    spec = {"selector": {"app": "reviews"}, "clusterIP": "10.0.0.1", "clusterIPs": ["10.0.0.1"], "ports": ports}
    assert _row(_service(spec, {"networking.istio.io/exportTo": "., istio-system"})) == Service(
        namespace="shop",
        name="reviews",
        hostname="reviews.shop.svc.cluster.local",
        ports=(
            ServicePort("http", 80, "web", Protocol.HTTP),
            ServicePort("http-admin", 81, 81, Protocol.GRPC),
        ),
        selector=(("app", "reviews"),),
        addresses=("10.0.0.1",),
        export_to=(".", "istio-system"),
    )


def test_headless_service_has_no_addresses() -> None:
    row = _row(_service({"clusterIP": "None", "clusterIPs": ["None"], "ports": [{"port": 80}]}))
    assert row.headless
    assert row.addresses == ()


def test_external_name_service_is_another_name() -> None:
    row = _row(_service({"type": "ExternalName", "externalName": "Example.org."}))
    assert row == Alias("shop", "reviews", "reviews.shop.svc.cluster.local", "example.org")


@pytest.mark.parametrize(
    ("app_protocol", "name", "protocol"),
    [
        (None, None, Protocol.AUTO),
        (None, "", Protocol.AUTO),
        (None, "http", Protocol.HTTP),
        (None, "HTTP-web", Protocol.HTTP),
        (None, "http2-web", Protocol.HTTP2),
        (None, "httpweb", Protocol.AUTO),
        (None, "grpc", Protocol.GRPC),
        (None, "grpc-web-ui", Protocol.GRPC),
        (None, "https-x", Protocol.HTTPS),
        (None, "tls", Protocol.TLS),
        (None, "mongo-main", Protocol.TCP),
        (None, "metrics", Protocol.AUTO),
        ("http", "tcp-x", Protocol.HTTP),
        ("HTTP2", None, Protocol.HTTP2),
        ("kubernetes.io/h2c", "http", Protocol.HTTP2),
        ("kubernetes.io/ws", None, Protocol.HTTP),
        ("kubernetes.io/wss", None, Protocol.HTTPS),
        ("example.org/own", "http", Protocol.AUTO),
    ],
)
def test_protocol_of_a_port(app_protocol: str | None, name: str | None, protocol: Protocol) -> None:
    assert protocol_of("TCP", app_protocol, name) is protocol


@pytest.mark.parametrize("port", [25, 53, 3306, 27017])
def test_ports_on_which_servers_speak_first_are_not_waited_for(port: int) -> None:
    assert protocol_of("TCP", None, "db", port) is Protocol.TCP
    assert protocol_of("TCP", None, "http-db", port) is Protocol.HTTP
    assert protocol_of("TCP", None, "db", port + 1) is Protocol.AUTO


def test_udp_is_udp_whatever_its_name() -> None:
    assert protocol_of("UDP", "http", "http") is Protocol.UDP


def test_endpoint_slice_keeps_ready_endpoints() -> None:
    target = {"kind": "Pod", "name": "reviews-1", "namespace": "shop"}
    raw = {
        "metadata": METADATA | {"labels": {"kubernetes.io/service-name": "reviews"}},
        "addressType": "IPv4",
        "ports": [{"name": "http", "port": 8080, "protocol": "TCP"}, {"name": "any"}],
        "endpoints": [
            {"addresses": ["10.1.0.1"], "conditions": {"ready": True}, "targetRef": target, "zone": "a"},
            {"addresses": ["10.1.0.2"], "conditions": {"ready": False, "serving": True, "terminating": True}},
            {"addresses": ["10.1.0.3"], "conditions": {"ready": True, "terminating": True}},
            {"addresses": ["10.1.0.4"], "conditions": {"ready": False}},
            {"addresses": ["10.1.0.5"]},
        ],
    }
    assert _row(endpoint_slice.rows("cluster.local", json.dumps(raw).encode())) == EndpointSlice(
        namespace="shop",
        name="reviews",
        hostname="reviews.shop.svc.cluster.local",
        ports=(("http", 8080),),
        endpoints=(Endpoint("10.1.0.1", "shop/reviews-1", Locality(zone="a")), Endpoint("10.1.0.5")),
    )


def test_node_says_where_it_is() -> None:
    labels = {f"topology.{key}": value for key, value in (("kubernetes.io/region", "eu"), ("istio.io/subzone", "a"))}
    raw = json.dumps({"metadata": {"name": "n", "labels": labels}, "status": {"conditions": []}}).encode()
    assert node.rows(raw) == ((NODES, "n", Locality("eu", "", "a")),)
    assert node.rows(b'{"metadata": {"name": "n", "labels": {"a": "b"}}}') == ()


def test_endpoint_slice_of_no_service_has_no_row() -> None:
    raw = json.dumps({"metadata": METADATA, "endpoints": None, "ports": None}).encode()
    assert endpoint_slice.rows("cluster.local", raw) == ()


def _pod(metadata: Json | None = None, spec: Json | None = None, status: Json | None = None) -> tuple[Any, ...]:
    raw = {
        "metadata": METADATA | {"name": "reviews-1"} | (metadata or {}),
        "spec": {
            "serviceAccountName": "reviews",
            "nodeName": "n1",
            "containers": [{"name": "app", "ports": [{"name": "http", "containerPort": 8080}]}],
            **(spec or {}),
        },
        "status": {"phase": "Running", "podIP": "10.1.0.1", **(status or {})},
    }
    return pod.rows(json.dumps(raw).encode())


INJECTED: Json = {
    "labels": {"app": "reviews", "security.istio.io/tlsMode": "istio"},
    "annotations": {"sidecar.istio.io/status": "{}", "kubectl.kubernetes.io/restartedAt": "now"},
}
SIDECAR: Json = {"initContainers": [{"name": "istio-init"}, {"name": "istio-proxy"}]}


def test_injected_pod() -> None:
    assert _row(_pod(INJECTED, SIDECAR)) == Workload(
        namespace="shop",
        name="reviews-1",
        uid="u",
        ip="10.1.0.1",
        labels=(("app", "reviews"), ("security.istio.io/tlsMode", "istio")),
        service_account="reviews",
        workload_name="reviews-1",
        in_mesh=True,
        node="n1",
        container_ports=(("http", 8080),),
        annotations=(("sidecar.istio.io/status", "{}"),),
    )


@pytest.mark.parametrize(
    ("metadata", "spec"),
    [
        ({}, {}),
        ({}, SIDECAR),
        (INJECTED, {}),
        (INJECTED, SIDECAR | {"hostNetwork": True}),
        (INJECTED | {"labels": {"security.istio.io/tlsMode": "disabled"}}, SIDECAR),
    ],
    ids=["plain", "proxy by hand", "no proxy", "host network", "opted out"],
)
def test_pod_outside_the_mesh(metadata: Json, spec: Json) -> None:
    assert not _row(_pod(metadata, spec)).in_mesh


@pytest.mark.parametrize("phase", ["Succeeded", "Failed"])
def test_pod_that_is_over_has_no_row(phase: str) -> None:
    assert _pod(status={"phase": phase}) == ()


def test_pod_has_a_row_before_its_address() -> None:
    assert _row(_pod(status={"phase": "Pending", "podIP": ""})).ip == ""


READY: Json = {"conditions": [{"type": "Ready", "status": "True"}]}


@pytest.mark.parametrize(
    ("metadata", "status", "takes_traffic"),
    [
        ({}, READY, True),
        ({}, {"conditions": [{"type": "Ready", "status": "False"}]}, False),
        ({}, READY | {"podIP": ""}, False),
        ({"deletionTimestamp": "2026-01-01T00:00:00Z"}, READY, False),
    ],
)
def test_selectors_of_service_entries_find_pods_that_take_traffic(
    metadata: Json, status: Json, takes_traffic: bool
) -> None:
    found = [row for table, _, row in _pod(metadata, None, status) if table is READY_PODS]
    assert [row.endpoint for row in found] == ([Endpoint("10.1.0.1", "shop/reviews-1")] if takes_traffic else [])


def test_status_chatter_changes_nothing() -> None:
    quiet = _pod()
    assert _pod({"resourceVersion": "8"}, None, {"conditions": [{"type": "PodScheduled", "status": "True"}]}) == quiet


WORKLOAD_NAMES = [
    (None, None, "reviews-1"),
    ({"kind": "ReplicaSet", "name": "reviews-v1-5d8f"}, "5d8f", "reviews-v1"),
    ({"kind": "ReplicaSet", "name": "reviews"}, None, "reviews"),
    ({"kind": "StatefulSet", "name": "db"}, None, "db"),
    ({"kind": "DaemonSet", "name": "agent"}, None, "agent"),
    ({"kind": "Job", "name": "report"}, None, "report"),
    ({"kind": "Job", "name": "report-29400000"}, None, "report"),
    ({"kind": "Node", "name": "n1"}, None, "reviews-1"),
]


@pytest.mark.parametrize(("reference", "template_hash", "name"), WORKLOAD_NAMES)
def test_workload_name_as_ingest_and_as_the_injector_tell_it(
    reference: Json | None, template_hash: str | None, name: str
) -> None:
    metadata: Json = {"ownerReferences": [reference | {"controller": True}]} if reference else {}
    if template_hash:
        metadata["labels"] = {"pod-template-hash": template_hash}
    assert _row(_pod(metadata)).workload_name == name
    assert owner.workload_name({"name": "reviews-1"} | metadata) == name


ROOT, KEY = (pem.decode() for pem in create_root("edge.example", timedelta(days=1)))


def _secret(data: Json | None, name: str = "edge", namespace: str = "istio-system") -> tuple[Any, ...]:
    encoded = {key: base64.b64encode(value.encode()).decode() for key, value in (data or {}).items()}
    raw = {"metadata": METADATA | {"name": name, "namespace": namespace}, "data": encoded or None}
    return secret.rows("istio-system", json.dumps(raw).encode())


@pytest.mark.parametrize(
    "data",
    [
        {"tls.crt": ROOT, "tls.key": KEY, "ca.crt": ROOT},
        {"cert": ROOT, "key": KEY, "cacert": ROOT},
    ],
)
def test_key_pair(data: Json) -> None:
    assert _row(_secret(data)) == KeyPair("istio-system", "edge", ROOT.encode(), KEY.encode(), ROOT.encode())


def test_certificates_for_clients_in_a_secret_of_their_own() -> None:
    expected = KeyPair("istio-system", "edge-cacert", b"", b"", ROOT.encode())
    assert _row(_secret({"cacert": ROOT}, "edge-cacert")) == expected


def test_certificates_for_clients_under_a_name_of_their_own_with_revoked_ones() -> None:
    expected = KeyPair("istio-system", "partners", b"", b"", ROOT.encode())
    assert _row(_secret({"ca.crt": ROOT}, "partners")) == expected
    with pytest.raises(Rejected, match=r"its ca.crl is not PEM"):
        _secret({"ca.crt": ROOT, "ca.crl": "R"}, "partners")


@pytest.mark.parametrize("data", [None, {"password": "p"}, {"tls.crt": ROOT}])
def test_secret_that_no_gateway_can_use_is_not_kept(data: Json | None) -> None:
    assert _secret(data) == ()


@pytest.mark.parametrize("data", [{"tls.crt": "C", "tls.key": KEY}, {"tls.crt": ROOT, "tls.key": KEY, "ca.crt": "A"}])
def test_secret_that_envoy_would_refuse_is_rejected_by_name(data: Json) -> None:
    with pytest.raises(Rejected, match=r"Secret istio-system/edge cannot be served: its .* not PEM"):
        _secret(data)


def test_the_meshs_own_root_key_is_never_a_credential() -> None:
    assert _secret({"tls.crt": ROOT, "tls.key": KEY}, "meshd-ca") == ()
    assert _secret({"tls.crt": ROOT, "tls.key": KEY}, "meshd-ca", "shop") != ()
