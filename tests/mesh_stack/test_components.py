"""What the components would register with Pulumi, seen by a mock of its engine."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pulumi
import pytest
import yaml

from mesh_stack.components.control_plane import ControlPlane, ControlPlaneArgs
from mesh_stack.components.ingress_gateway import IngressGateway, IngressGatewayArgs
from mesh_stack.components.policies import (
    AuthorizationPolicy,
    AuthorizationPolicyArgs,
    DestinationRule,
    DestinationRuleArgs,
    Gateway,
    GatewayArgs,
    PeerAuthentication,
    PeerAuthenticationArgs,
    VirtualService,
    VirtualServiceArgs,
)
from mesh_stack.components.sample_app import POLICIES, SampleApp, SampleAppArgs
from mesh_stack.components.telemetry import Telemetry, TelemetryArgs
from mesh_stack.content import digest
from tests.clusters.mock_cloud import Registered, register
from toolchain.paths import repo_root

DEPLOYMENT = "kubernetes:apps/v1:Deployment"
SERVICE = "kubernetes:core/v1:Service"
INJECTOR = "kubernetes:admissionregistration.k8s.io/v1:MutatingWebhookConfiguration"
VALIDATOR = "kubernetes:admissionregistration.k8s.io/v1:ValidatingWebhookConfiguration"


@pytest.fixture(scope="module")
def control_plane() -> Registered:
    async def program() -> None:
        ControlPlane(
            "meshd",
            ControlPlaneArgs(
                namespace="istio-system",
                image="mesh-stack/meshd:1",
                proxy_image="mesh-stack/proxy:1",
                certificate="PEM",
                key=pulumi.Output.secret("KEY"),
                trust_domain="example.org",
                tracing_sampling=10.0,
            ),
        )

    return register(program)


def pod_of(deployment: dict[str, Any]) -> dict[str, Any]:
    spec: dict[str, Any] = deployment["spec"]["template"]["spec"]
    return spec


def test_the_control_plane_is_two_replicas_that_spread_and_do_not_go_together(control_plane: Registered) -> None:
    deployment = control_plane[DEPLOYMENT]
    assert deployment["spec"]["replicas"] == 2
    assert "podAntiAffinity" in pod_of(deployment)["affinity"]
    assert control_plane["kubernetes:policy/v1:PodDisruptionBudget"]["spec"]["minAvailable"] == 1


def test_the_control_plane_runs_without_rights_on_its_node(control_plane: Registered) -> None:
    pod = pod_of(control_plane[DEPLOYMENT])
    assert pod["securityContext"]["runAsNonRoot"] is True
    container = pod["containers"][0]["securityContext"]
    assert container["readOnlyRootFilesystem"] is True
    assert container["capabilities"] == {"drop": ["ALL"]}


def test_settings_reach_meshd_and_a_change_rolls_it(control_plane: Registered) -> None:
    config = yaml.safe_load(control_plane["kubernetes:core/v1:ConfigMap"]["data"]["mesh.yaml"])
    assert config["trustDomain"] == "example.org"
    assert config["proxyImage"] == "mesh-stack/proxy:1"
    assert config["tracing"]["sampling"] == 10.0
    annotations = control_plane[DEPLOYMENT]["spec"]["template"]["metadata"]["annotations"]
    assert len(annotations["mesh-stack/config"]) == 16


def test_meshd_accepts_the_settings_it_is_given(control_plane: Registered, tmp_path: Path) -> None:
    from meshd.runtime.settings import load_settings

    file = tmp_path / "mesh.yaml"
    file.write_text(control_plane["kubernetes:core/v1:ConfigMap"]["data"]["mesh.yaml"])
    settings = load_settings(file)
    assert settings.trust_domain == "example.org"
    assert settings.tracing.zipkin.host == "zipkin.istio-system.svc.cluster.local"


def test_webhooks_trust_the_root_and_come_after_meshd(control_plane: Registered) -> None:
    for kind, path in ((INJECTOR, "/inject"), (VALIDATOR, "/validate")):
        for webhook in control_plane[kind]["webhooks"]:
            assert webhook["clientConfig"]["caBundle"] == base64.b64encode(b"PEM").decode()
            assert webhook["clientConfig"]["service"]["path"] == path
            assert webhook["failurePolicy"] == "Fail"
        dependencies = {urn.split("::")[2].split("$")[-1] for urn in control_plane.one(kind).dependencies}
        assert DEPLOYMENT in dependencies


def matches(selector: dict[str, Any], labels: dict[str, str]) -> bool:
    """Kubernetes' own semantics of label selectors."""
    for term in selector.get("matchExpressions", []):
        value = labels.get(term["key"])
        verdict = {
            "In": value in term.get("values", []),
            "NotIn": value not in term.get("values", []),
            "Exists": value is not None,
            "DoesNotExist": value is None,
        }[term["operator"]]
        if not verdict:
            return False
    return True


ENABLED = {"istio-injection": "enabled"}


@pytest.mark.parametrize(
    ("namespace", "pod", "injected"),
    [
        (ENABLED, {}, True),
        (ENABLED, {"sidecar.istio.io/inject": "true"}, True),
        (ENABLED, {"sidecar.istio.io/inject": "false"}, False),
        ({}, {}, False),
        ({}, {"sidecar.istio.io/inject": "true"}, True),
        ({"istio-injection": "disabled"}, {"sidecar.istio.io/inject": "true"}, False),
        ({"kubernetes.io/metadata.name": "istio-system"}, {}, False),
        ({"kubernetes.io/metadata.name": "istio-system"}, {"sidecar.istio.io/inject": "true"}, True),
        ({"kubernetes.io/metadata.name": "kube-system", **ENABLED}, {}, False),
    ],
)
def test_pods_are_injected_by_istios_labels(
    control_plane: Registered, namespace: dict[str, str], pod: dict[str, str], injected: bool
) -> None:
    webhooks = [
        webhook["name"]
        for webhook in control_plane[INJECTOR]["webhooks"]
        if matches(webhook["namespaceSelector"], namespace) and matches(webhook["objectSelector"], pod)
    ]
    assert len(webhooks) == int(injected), "never twice"


def test_the_gateway_is_istios_to_everyone_who_selects_it() -> None:
    async def program() -> None:
        IngressGateway("gateway", IngressGatewayArgs("istio-system", {"proxy-image": "p:1"}))

    gateway = register(program)
    template = gateway[DEPLOYMENT]["spec"]["template"]
    assert template["metadata"]["labels"]["istio"] == "ingressgateway"
    assert template["metadata"]["labels"]["sidecar.istio.io/inject"] == "true"
    assert template["metadata"]["annotations"] == {
        "inject.istio.io/templates": "gateway",
        "mesh-stack/proxy-image": digest("p:1"),
    }
    (container,) = template["spec"]["containers"]
    assert (container["name"], container["image"]) == ("istio-proxy", "auto")
    ports = {port["port"]: (port["targetPort"], port.get("nodePort")) for port in gateway[SERVICE]["spec"]["ports"]}
    assert ports[80] == (8080, 30080)
    assert ports[443] == (8443, 30443)


def test_telemetry_is_reachable_at_fixed_node_ports() -> None:
    async def program() -> None:
        Telemetry("telemetry", TelemetryArgs("istio-system", "prometheus:1", "zipkin:1", "python:1"))

    telemetry = register(program)
    services = [resource.inputs for resource in telemetry.resources if resource.type == SERVICE]
    ports = {service["metadata"]["name"]: service["spec"]["ports"][0]["nodePort"] for service in services}
    assert ports == {"prometheus": 30090, "zipkin": 30411}


def test_the_shop_is_its_manifests_with_the_image_filled_in() -> None:
    async def program() -> None:
        root = repo_root()
        SampleApp("shop", SampleAppArgs("mesh-stack/shop:1", root / "sample_app/manifests", root / "examples/shop"))

    shop = register(program)
    deployments = [resource.inputs for resource in shop.resources if resource.type == DEPLOYMENT]
    assert len(deployments) >= 6
    for deployment in deployments:
        assert deployment["metadata"]["namespace"] == "shop"
        assert {container["image"] for container in pod_of(deployment)["containers"]} == {"mesh-stack/shop:1"}
    custom = [r for r in shop.resources if r.type.startswith("kubernetes:networking.istio.io")]
    assert len(custom) == len(POLICIES)
    assert shop["kubernetes:core/v1:Namespace"]["metadata"]["labels"] == ENABLED


def test_policies_become_istios_objects() -> None:
    async def program() -> None:
        VirtualService(
            "reviews",
            VirtualServiceArgs(
                namespace="shop",
                hosts=["reviews"],
                http=[{"route": [{"destination": {"host": "reviews", "subset": "v1"}, "weight": 100}]}],
            ),
        )
        DestinationRule(
            "reviews",
            DestinationRuleArgs(
                namespace="shop",
                host="reviews",
                traffic_policy={"loadBalancer": {"simple": "RANDOM"}},
                subsets=[{"name": "v1", "labels": {"version": "v1"}}],
            ),
        )
        Gateway(
            "shop",
            GatewayArgs(
                namespace="shop",
                selector={"istio": "ingressgateway"},
                servers=[{"port": {"number": 80, "protocol": "HTTP", "name": "http"}, "hosts": ["*"]}],
            ),
        )
        PeerAuthentication("default", PeerAuthenticationArgs(namespace="shop", mtls={"mode": "STRICT"}))
        AuthorizationPolicy(
            "nobody", AuthorizationPolicyArgs(namespace="shop", object_name="deny", action="DENY", rules=[{}])
        )

    policies = register(program)
    virtual_service = policies["kubernetes:networking.istio.io/v1:VirtualService"]
    assert virtual_service["apiVersion"] == "networking.istio.io/v1"
    assert virtual_service["spec"]["http"][0]["route"][0]["destination"]["subset"] == "v1"
    assert set(virtual_service["spec"]) == {"hosts", "http"}
    rule = policies["kubernetes:networking.istio.io/v1:DestinationRule"]
    assert rule["spec"]["trafficPolicy"] == {"loadBalancer": {"simple": "RANDOM"}}
    assert policies["kubernetes:networking.istio.io/v1:Gateway"]["spec"]["selector"] == {"istio": "ingressgateway"}
    strict = policies["kubernetes:security.istio.io/v1:PeerAuthentication"]
    assert strict["spec"] == {"mtls": {"mode": "STRICT"}}
    deny = policies["kubernetes:security.istio.io/v1:AuthorizationPolicy"]
    assert deny["metadata"] == {"name": "deny", "namespace": "shop"}
    assert deny["spec"] == {"action": "DENY", "rules": [{}]}


def test_meshd_finds_nothing_wrong_with_the_policies_fields() -> None:
    """The typed arguments name fields that the API really has."""
    from mesh_stack.components.policies import destination_rule, virtual_service

    crds = {crd["spec"]["names"]["kind"]: crd for crd in _definitions()}
    for kind, typed in (("VirtualService", virtual_service.HTTPRoute), ("DestinationRule", destination_rule.Subset)):
        schema = crds[kind]["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]["properties"]
        items = schema["http" if kind == "VirtualService" else "subsets"]["items"]["properties"]
        assert set(typed.__annotations__) <= set(items)


def _definitions() -> list[dict[str, Any]]:
    from meshd.api.crd import custom_resource_definitions

    return custom_resource_definitions()
