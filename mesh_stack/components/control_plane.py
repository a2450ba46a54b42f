"""meshd, the control plane: its API's definitions, rights, settings, replicas and webhooks."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_kubernetes as k8s

from mesh_stack.components.control_plane_rights import grant_rights
from mesh_stack.components.control_plane_webhooks import WebhookTarget, register_webhooks
from mesh_stack.content import digest
from mesh_stack.custom_resource_definitions import define_custom_resources
from mesh_stack.mesh_config import MeshConfigArgs, mesh_config
from mesh_stack.mesh_config_file import read_mesh_config

NAMESPACE = "istio-system"
NAME = "meshd"
LABELS = {"app": NAME}
CONFIG_FOLDER = "/etc/meshd"
DISCOVERY_PORT, WEBHOOK_PORT, MONITORING_PORT = 15012, 15017, 15014
UNPRIVILEGED_USER = 1000


@dataclass(frozen=True)
class ControlPlaneArgs:
    """`namespace` exists already; `certificate` and `key` are the root's PEM texts; images are references.

    `mesh_config` is the path of a file with further settings of meshd.
    """

    namespace: pulumi.Input[str]
    image: pulumi.Input[str]
    proxy_image: pulumi.Input[str]
    certificate: pulumi.Input[str]
    key: pulumi.Input[str]
    trust_domain: str
    tracing_sampling: float
    mesh_config: str | None = None
    replicas: int = 2


class ControlPlane(pulumi.ComponentResource):
    """Ready when both replicas are and pods are injected from now on: depend on it to be in the mesh."""

    discovery_address: pulumi.Output[str]
    """host:port that proxies connect to."""

    def __init__(self, name: str, args: ControlPlaneArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mesh-stack:control_plane:ControlPlane", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        definitions = define_custom_resources(child)
        account = grant_rights(NAME, args.namespace, child)
        authority = self._authority(args, child)
        config = self._config(args, child)
        service = self._service(args, child)
        needs = pulumi.ResourceOptions(parent=self, depends_on=[*definitions, account])
        deployment = self._deployment(args, account, authority, config, needs)
        k8s.policy.v1.PodDisruptionBudget(
            NAME,
            metadata={"name": NAME, "namespace": args.namespace},
            spec={"min_available": 1, "selector": {"match_labels": LABELS}},
            opts=child,
        )
        target = WebhookTarget(NAME, args.namespace, args.certificate)
        register_webhooks(target, pulumi.ResourceOptions(parent=self, depends_on=[deployment, service]))
        self.discovery_address = pulumi.Output.concat(NAME, ".", args.namespace, f".svc:{DISCOVERY_PORT}")
        self.register_outputs({"discovery_address": self.discovery_address})

    def _authority(self, args: ControlPlaneArgs, opts: pulumi.ResourceOptions) -> k8s.core.v1.Secret:
        return k8s.core.v1.Secret(
            "meshd-ca",
            metadata={"name": "meshd-ca", "namespace": args.namespace},
            type="kubernetes.io/tls",
            string_data={"tls.crt": args.certificate, "tls.key": args.key},
            opts=opts,
        )

    def _config(self, args: ControlPlaneArgs, opts: pulumi.ResourceOptions) -> k8s.core.v1.ConfigMap:
        text = mesh_config(
            MeshConfigArgs(
                namespace=args.namespace,
                proxy_image=args.proxy_image,
                trust_domain=args.trust_domain,
                tracing_sampling=args.tracing_sampling,
                more=read_mesh_config(args.mesh_config),
            )
        )
        return k8s.core.v1.ConfigMap(
            NAME,
            metadata={"name": NAME, "namespace": args.namespace},
            data={"mesh.yaml": text},
            opts=opts,
        )

    def _service(self, args: ControlPlaneArgs, opts: pulumi.ResourceOptions) -> k8s.core.v1.Service:
        ports = {
            "grpc-xds": (DISCOVERY_PORT, DISCOVERY_PORT),
            "https-webhook": (443, WEBHOOK_PORT),
            "http-monitoring": (MONITORING_PORT, MONITORING_PORT),
        }
        return k8s.core.v1.Service(
            NAME,
            metadata={
                "name": NAME,
                "namespace": args.namespace,
                "labels": LABELS,
                # Without the first, Pulumi waits for endpoints, which the webhooks' order makes it wait for anyway.
                # The second spares each sidecar three clusters: applications that call meshd pass through.
                "annotations": {"pulumi.com/skipAwait": "true", "networking.istio.io/exportTo": "."},
            },
            spec={
                "selector": LABELS,
                "ports": [
                    {"name": port_name, "port": port, "target_port": target}
                    for port_name, (port, target) in ports.items()
                ],
            },
            opts=opts,
        )

    def _deployment(
        self,
        args: ControlPlaneArgs,
        account: k8s.core.v1.ServiceAccount,
        authority: k8s.core.v1.Secret,
        config: k8s.core.v1.ConfigMap,
        opts: pulumi.ResourceOptions,
    ) -> k8s.apps.v1.Deployment:
        # Rolls the pods when what they read at their start changes.
        read_at_start = pulumi.Output.all(config.data, args.certificate).apply(lambda read: digest(*map(str, read)))
        return k8s.apps.v1.Deployment(
            NAME,
            metadata={"name": NAME, "namespace": args.namespace, "labels": LABELS},
            spec={
                "replicas": args.replicas,
                "selector": {"match_labels": LABELS},
                "strategy": {"rolling_update": {"max_unavailable": 0, "max_surge": 1}},
                "template": {
                    "metadata": {"labels": LABELS, "annotations": {"mesh-stack/config": read_at_start}},
                    "spec": {
                        "service_account_name": account.metadata.name,
                        "security_context": {
                            "run_as_non_root": True,
                            "run_as_user": UNPRIVILEGED_USER,
                            "run_as_group": UNPRIVILEGED_USER,
                            "fs_group": UNPRIVILEGED_USER,
                        },
                        "affinity": {"pod_anti_affinity": _spread_over_nodes()},
                        "containers": [_container(args.image)],
                        "volumes": [
                            {"name": "config", "config_map": {"name": config.metadata.name}},
                            {
                                "name": "ca",
                                "secret": {"secret_name": authority.metadata.name, "default_mode": 0o440},
                            },
                        ],
                    },
                },
            },
            opts=opts,
        )


def _container(image: pulumi.Input[str]) -> k8s.core.v1.ContainerArgsDict:
    return {
        "name": NAME,
        "image": image,
        "image_pull_policy": "IfNotPresent",
        "ports": [
            {"name": "grpc-xds", "container_port": DISCOVERY_PORT},
            {"name": "https-webhook", "container_port": WEBHOOK_PORT},
            {"name": "http-monitoring", "container_port": MONITORING_PORT},
        ],
        "env": [
            {"name": "POD_NAME", "value_from": {"field_ref": {"field_path": "metadata.name"}}},
            {"name": "POD_NAMESPACE", "value_from": {"field_ref": {"field_path": "metadata.namespace"}}},
            {"name": "POD_IP", "value_from": {"field_ref": {"field_path": "status.podIP"}}},
        ],
        "volume_mounts": [
            {"name": "config", "mount_path": CONFIG_FOLDER, "read_only": True},
            {"name": "ca", "mount_path": f"{CONFIG_FOLDER}/ca", "read_only": True},
        ],
        "readiness_probe": {
            "http_get": {"path": "/ready", "port": MONITORING_PORT},
            "period_seconds": 1,
            "failure_threshold": 3,
        },
        "resources": {"requests": {"cpu": "50m", "memory": "96Mi"}, "limits": {"memory": "512Mi"}},
        "security_context": {
            "allow_privilege_escalation": False,
            "read_only_root_filesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
    }


def _spread_over_nodes() -> k8s.core.v1.PodAntiAffinityArgsDict:
    return {
        "preferred_during_scheduling_ignored_during_execution": [
            {
                "weight": 100,
                "pod_affinity_term": {
                    "topology_key": "kubernetes.io/hostname",
                    "label_selector": {"match_labels": LABELS},
                },
            }
        ]
    }
