"""The door into the mesh: Envoy, injected into a plain Deployment just as Istio's own gateway is.

Names, labels and ports are Istio's, so that `selector: {istio: ingressgateway}` and its documentation hold.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_kubernetes as k8s

from mesh_stack.content import digest
from mesh_stack.settings import ServiceType

NAME = "istio-ingressgateway"
SERVICE_ACCOUNT = "istio-ingressgateway-service-account"
LABELS = {"app": NAME, "istio": "ingressgateway"}


@dataclass(frozen=True)
class GatewayPort:
    """A port of the Service; `node_port` is where a kind cluster's published port ends."""

    name: str
    port: int
    target_port: int
    node_port: int | None = None


PORTS = (
    GatewayPort("status-port", 15021, 15021),
    GatewayPort("http2", 80, 8080, 30080),
    GatewayPort("https", 443, 8443, 30443),
    GatewayPort("tcp", 31400, 31400),
    GatewayPort("http-extra", 8081, 8081, 30081),
    GatewayPort("https-extra", 15443, 15443, 30444),
)


@dataclass(frozen=True)
class IngressGatewayArgs:
    """`roll_on` names what a running proxy does not pick up by itself: a change of it replaces the pods."""

    namespace: pulumi.Input[str]
    roll_on: Mapping[str, pulumi.Input[str]]
    service_type: ServiceType = "NodePort"


class IngressGateway(pulumi.ComponentResource):
    """Takes traffic once a Gateway object tells it to. Needs the injector: depend on the control plane."""

    service_name: pulumi.Output[str]
    load_balancer_address: pulumi.Output[str | None]
    """Host name or address, for a Service of type LoadBalancer."""

    def __init__(self, name: str, args: IngressGatewayArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mesh-stack:ingress_gateway:IngressGateway", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        account = k8s.core.v1.ServiceAccount(
            SERVICE_ACCOUNT, metadata={"name": SERVICE_ACCOUNT, "namespace": args.namespace}, opts=child
        )
        self._deployment(args, account, child)
        service = self._service(args, child)
        self.service_name = service.metadata.name.apply(lambda known: known or NAME)
        self.load_balancer_address = service.status.apply(_address)
        self.register_outputs({"service_name": self.service_name})

    def _service(self, args: IngressGatewayArgs, opts: pulumi.ResourceOptions) -> k8s.core.v1.Service:
        # Sidecars need no clusters of it: applications that call it pass through.
        annotations = {"networking.istio.io/exportTo": "."}
        if args.service_type == "NodePort":
            annotations["pulumi.com/skipAwait"] = "true"
        return k8s.core.v1.Service(
            NAME,
            metadata={
                "name": NAME,
                "namespace": args.namespace,
                "labels": LABELS,
                "annotations": annotations,
            },
            spec={
                "type": args.service_type,
                "selector": LABELS,
                "ports": [_service_port(port) for port in PORTS],
            },
            opts=opts,
        )

    def _deployment(
        self, args: IngressGatewayArgs, account: k8s.core.v1.ServiceAccount, opts: pulumi.ResourceOptions
    ) -> k8s.apps.v1.Deployment:
        annotations: dict[str, pulumi.Input[str]] = {"inject.istio.io/templates": "gateway"}
        for key, value in args.roll_on.items():
            annotations[f"mesh-stack/{key}"] = pulumi.Output.from_input(value).apply(digest)
        return k8s.apps.v1.Deployment(
            NAME,
            metadata={"name": NAME, "namespace": args.namespace, "labels": LABELS},
            spec={
                "replicas": 1,
                "selector": {"match_labels": LABELS},
                "strategy": {"rolling_update": {"max_unavailable": 0, "max_surge": 1}},
                "template": {
                    "metadata": {
                        "labels": {**LABELS, "sidecar.istio.io/inject": "true"},
                        "annotations": annotations,
                    },
                    "spec": {
                        "service_account_name": account.metadata.name,
                        "containers": [_container()],
                    },
                },
            },
            opts=opts,
        )


def _container() -> k8s.core.v1.ContainerArgsDict:
    """A placeholder: the injector puts the proxy's image, command and volumes in."""
    return {
        "name": "istio-proxy",
        "image": "auto",
        # Of an image without a tag Kubernetes would make Always.
        "image_pull_policy": "IfNotPresent",
        "ports": [
            {"name": port.name, "container_port": port.target_port} for port in PORTS if port.name != "status-port"
        ],
        "resources": {"requests": {"cpu": "50m", "memory": "64Mi"}},
    }


def _service_port(port: GatewayPort) -> k8s.core.v1.ServicePortArgsDict:
    fixed = {"node_port": port.node_port} if port.node_port is not None else {}
    return {
        "name": port.name,
        "port": port.port,
        "target_port": port.target_port,
        "protocol": "TCP",
        **fixed,
    }


def _address(status: k8s.core.v1.outputs.ServiceStatus | None) -> str | None:
    """Where the cloud's load balancer is reached, once it is."""
    ingress = status.load_balancer.ingress if status and status.load_balancer else None
    return (ingress[0].hostname or ingress[0].ip) if ingress else None
