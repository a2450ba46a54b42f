"""Whole injected pods, as golden files."""

from __future__ import annotations

import json
from collections.abc import Callable

from meshd.inject.gateway import inject_gateway
from meshd.inject.settings import InjectSettings
from meshd.inject.sidecar import inject_sidecar

from .pods import CA_PEM, Json, gateway_pod, reviews_pod

Golden = Callable[[str, str], None]
SETTINGS = InjectSettings(proxy_image="mesh-stack/proxy:1")


def _text(pod: Json) -> str:
    """Readable: the bootstrap is shown as JSON, not as one long argument."""
    shown = json.loads(json.dumps(pod))
    for container in (*shown["spec"].get("initContainers", ()), *shown["spec"]["containers"]):
        arguments = container.get("args", [])
        if "--config-yaml" in arguments:
            at = arguments.index("--config-yaml") + 1
            arguments[at] = json.loads(arguments[at])
        for variable in container.get("env", ()):
            if variable["name"] == "IPTABLES_RULES":
                variable["value"] = variable["value"].splitlines()
    return json.dumps(shown, indent=2) + "\n"


def test_a_deployments_pod(golden: Golden) -> None:
    golden("sidecar.json", _text(inject_sidecar(reviews_pod(), "shop", CA_PEM, SETTINGS)))


def test_a_pod_with_every_annotation_and_kind_of_probe(golden: Golden) -> None:
    pod = reviews_pod(
        annotations={
            "sidecar.istio.io/proxyCPU": "100m",
            "sidecar.istio.io/proxyMemory": "128Mi",
            "sidecar.istio.io/proxyCPULimit": "1",
            "sidecar.istio.io/proxyMemoryLimit": "256Mi",
            "sidecar.istio.io/proxyImage": "example/proxy:2",
            "sidecar.istio.io/logLevel": "debug",
            "sidecar.istio.io/componentLogLevel": "http:trace,rbac:debug",
            "traffic.sidecar.istio.io/excludeInboundPorts": "9000, 9001",
            "traffic.sidecar.istio.io/includeOutboundIPRanges": "10.0.0.0/8",
            "traffic.sidecar.istio.io/excludeOutboundIPRanges": "10.1.0.0/16",
            "traffic.sidecar.istio.io/includeOutboundPorts": "443",
            "traffic.sidecar.istio.io/excludeOutboundPorts": "5432",
            "sidecar.istio.io/userVolume": '[{"name": "certs", "secret": {"secretName": "certs"}}]',
            "sidecar.istio.io/userVolumeMount": '{"certs": {"mountPath": "/certs", "readOnly": true}}',
        }
    )
    container = pod["spec"]["containers"][0]
    container["livenessProbe"] = {
        "httpGet": {
            "path": "/live?deep=$(1)",
            "port": 8443,
            "scheme": "HTTPS",
            "httpHeaders": [{"name": "Host", "value": "reviews.example"}],
        },
        "periodSeconds": 10,
        "timeoutSeconds": 1,
    }
    container["startupProbe"] = {"grpc": {"port": 9090, "service": "shop.Reviews"}, "periodSeconds": 1}
    container["lifecycle"] = {"preStop": {"httpGet": {"path": "/bye", "port": 8080, "scheme": "HTTP"}}}
    pod["spec"]["initContainers"] = [
        {"name": "migrate", "image": "x"},
        {
            "name": "cache",
            "image": "x",
            "restartPolicy": "Always",
            "readinessProbe": {"tcpSocket": {"port": 6379}, "periodSeconds": 3, "timeoutSeconds": 2},
        },
    ]
    golden("sidecar_with_everything.json", _text(inject_sidecar(pod, "shop", CA_PEM, SETTINGS)))


def test_a_gateway(golden: Golden) -> None:
    golden("gateway.json", _text(inject_gateway(gateway_pod(), "istio-system", CA_PEM, SETTINGS)))


def test_proxy_starts_before_every_container_of_the_app() -> None:
    pod = reviews_pod()
    pod["spec"]["initContainers"] = [{"name": "migrate", "image": "x"}]
    injected = inject_sidecar(pod, "shop", CA_PEM, SETTINGS)
    names = [each["name"] for each in injected["spec"]["initContainers"]]
    assert names == ["istio-init", "istio-proxy", "migrate"]


def test_the_app_stays_as_it_is_but_for_its_probes() -> None:
    pod = reviews_pod()
    before = json.dumps(pod)
    injected = inject_sidecar(pod, "shop", CA_PEM, SETTINGS)
    assert json.dumps(pod) == before
    theirs, ours = pod["spec"]["containers"][0], injected["spec"]["containers"][0]
    theirs.pop("readinessProbe"), ours.pop("readinessProbe")
    assert theirs == ours


def test_labels_of_the_author_stay() -> None:
    pod = reviews_pod()
    pod["metadata"]["labels"]["security.istio.io/tlsMode"] = "disabled"
    labels = inject_sidecar(pod, "shop", CA_PEM, SETTINGS)["metadata"]["labels"]
    assert labels["security.istio.io/tlsMode"] == "disabled"
    assert labels["service.istio.io/canonical-revision"] == "v1"


def test_probes_stay_when_told_so() -> None:
    pod = reviews_pod(annotations={"sidecar.istio.io/rewriteAppHTTPProbers": "false"})
    injected = inject_sidecar(pod, "shop", CA_PEM, SETTINGS)
    assert injected["spec"]["containers"] == pod["spec"]["containers"]
