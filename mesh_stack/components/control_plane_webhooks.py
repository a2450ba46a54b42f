"""Who is injected and what is validated, by the rules people know from Istio.

A pod is injected when its namespace is labelled `istio-injection: enabled` and the pod does not refuse, or
when the pod itself is labelled `sidecar.istio.io/inject: "true"` and its namespace says nothing.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass

import pulumi
import pulumi_kubernetes as k8s

INJECTION_LABEL = "istio-injection"
POD_LABEL = "sidecar.istio.io/inject"
NAMESPACE_NAME_LABEL = "kubernetes.io/metadata.name"
NEVER_AS_A_WHOLE = ["istio-system", "kube-system", "kube-public", "kube-node-lease"]
VALIDATED_GROUPS = ["networking.istio.io", "security.istio.io", "telemetry.istio.io"]
TIMEOUT_SECONDS = 10


@dataclass(frozen=True)
class WebhookTarget:
    """The Service behind the webhooks, and the PEM root its certificate is checked against."""

    service: str
    namespace: pulumi.Input[str]
    certificate: pulumi.Input[str]

    def client_config(self, path: str) -> k8s.admissionregistration.v1.WebhookClientConfigArgsDict:
        """How the API server calls `path`."""
        bundle = pulumi.Output.from_input(self.certificate).apply(lambda pem: base64.b64encode(pem.encode()).decode())
        return {
            "ca_bundle": bundle,
            "service": {"name": self.service, "namespace": self.namespace, "path": path, "port": 443},
        }


def register_webhooks(target: WebhookTarget, opts: pulumi.ResourceOptions) -> None:
    """Have the API server ask meshd about new pods and about objects of the mesh."""
    k8s.admissionregistration.v1.MutatingWebhookConfiguration(
        "meshd-injector",
        metadata={"name": "meshd-injector", "labels": {"app": target.service}},
        webhooks=[
            _injector("namespace.injector.mesh-stack.io", target, _enabled_namespaces(), _pods_not_refusing()),
            _injector("pod.injector.mesh-stack.io", target, _silent_namespaces(), _pods_asking()),
        ],
        opts=opts,
    )
    k8s.admissionregistration.v1.ValidatingWebhookConfiguration(
        "meshd-validator",
        metadata={"name": "meshd-validator", "labels": {"app": target.service}},
        webhooks=[
            {
                "name": "validator.mesh-stack.io",
                "client_config": target.client_config("/validate"),
                "rules": [
                    {
                        "api_groups": VALIDATED_GROUPS,
                        "api_versions": ["*"],
                        "operations": ["CREATE", "UPDATE"],
                        "resources": ["*"],
                        "scope": "*",
                    }
                ],
                "failure_policy": "Fail",
                "match_policy": "Equivalent",
                "side_effects": "None",
                "admission_review_versions": ["v1"],
                "timeout_seconds": TIMEOUT_SECONDS,
                # Written out although empty: the API server fills it in, and Pulumi would see a drift.
                "namespace_selector": {},
                "object_selector": {},
            }
        ],
        opts=opts,
    )


def _injector(
    name: str,
    target: WebhookTarget,
    namespaces: k8s.meta.v1.LabelSelectorArgsDict,
    pods: k8s.meta.v1.LabelSelectorArgsDict,
) -> k8s.admissionregistration.v1.MutatingWebhookArgsDict:
    return {
        "name": name,
        "client_config": target.client_config("/inject"),
        "rules": [
            {
                "api_groups": [""],
                "api_versions": ["v1"],
                "operations": ["CREATE"],
                "resources": ["pods"],
                "scope": "*",
            }
        ],
        "namespace_selector": namespaces,
        "object_selector": pods,
        # A pod that should be in the mesh shall not start outside it because meshd was away for a moment.
        "failure_policy": "Fail",
        "match_policy": "Equivalent",
        "reinvocation_policy": "Never",
        "side_effects": "None",
        "admission_review_versions": ["v1"],
        "timeout_seconds": TIMEOUT_SECONDS,
    }


def _enabled_namespaces() -> k8s.meta.v1.LabelSelectorArgsDict:
    return {
        "match_expressions": [
            {"key": INJECTION_LABEL, "operator": "In", "values": ["enabled"]},
            {"key": NAMESPACE_NAME_LABEL, "operator": "NotIn", "values": NEVER_AS_A_WHOLE},
        ]
    }


def _silent_namespaces() -> k8s.meta.v1.LabelSelectorArgsDict:
    return {"match_expressions": [{"key": INJECTION_LABEL, "operator": "DoesNotExist"}]}


def _pods_not_refusing() -> k8s.meta.v1.LabelSelectorArgsDict:
    return {"match_expressions": [{"key": POD_LABEL, "operator": "NotIn", "values": ["false"]}]}


def _pods_asking() -> k8s.meta.v1.LabelSelectorArgsDict:
    return {"match_expressions": [{"key": POD_LABEL, "operator": "In", "values": ["true"]}]}
