"""Where the mesh's metrics and traces go: the real Prometheus and the real Zipkin, each one Deployment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import pulumi
import pulumi_kubernetes as k8s

from mesh_stack import pod_targets
from mesh_stack.content import digest
from mesh_stack.scrape_config import PROMETHEUS_CONFIG, TARGETS_FOLDER

PROMETHEUS_PORT, PROMETHEUS_NODE_PORT = 9090, 30090
ZIPKIN_PORT, ZIPKIN_NODE_PORT = 9411, 30411
UNPRIVILEGED_USER = 1000
DATA_VOLUME, TARGETS_VOLUME = "data", "targets"
DISCOVERY_FILE = "pod_targets.py"


@dataclass(frozen=True)
class TelemetryArgs:
    """Images are references; `node_ports` publishes both pages at fixed ports of the nodes."""

    namespace: pulumi.Input[str]
    prometheus_image: pulumi.Input[str]
    zipkin_image: pulumi.Input[str]
    python_image: pulumi.Input[str]
    """Any image with python3: runs what finds Prometheus' targets."""
    node_ports: bool = True


class Telemetry(pulumi.ComponentResource):
    """Ready when both pages answer. Data lives as long as the pods."""

    prometheus_service: pulumi.Output[str]
    zipkin_service: pulumi.Output[str]

    def __init__(self, name: str, args: TelemetryArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mesh-stack:telemetry:Telemetry", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        prometheus = self._prometheus(args, child)
        zipkin = self._zipkin(args, child)
        self.prometheus_service = prometheus.metadata.name.apply(lambda known: known or "prometheus")
        self.zipkin_service = zipkin.metadata.name.apply(lambda known: known or "zipkin")
        self.register_outputs({"prometheus_service": self.prometheus_service, "zipkin_service": self.zipkin_service})

    def _prometheus(self, args: TelemetryArgs, opts: pulumi.ResourceOptions) -> k8s.core.v1.Service:
        account = _account_that_finds_pods("prometheus", args.namespace, opts)
        program = Path(pod_targets.__file__).read_text()
        config = k8s.core.v1.ConfigMap(
            "prometheus",
            metadata={"name": "prometheus", "namespace": args.namespace},
            data={"prometheus.yml": PROMETHEUS_CONFIG, DISCOVERY_FILE: program},
            opts=opts,
        )
        container: k8s.core.v1.ContainerArgsDict = {
            "name": "prometheus",
            "image": args.prometheus_image,
            "args": [
                "--config.file=/etc/prometheus/prometheus.yml",
                "--storage.tsdb.path=/data",
                "--storage.tsdb.retention.time=6h",
                f"--web.listen-address=:{PROMETHEUS_PORT}",
                "--web.enable-lifecycle",
            ],
            "ports": [{"name": "http", "container_port": PROMETHEUS_PORT}],
            "readiness_probe": {
                "http_get": {"path": "/-/ready", "port": PROMETHEUS_PORT},
                "period_seconds": 1,
            },
            "volume_mounts": [
                {
                    "name": "config",
                    "mount_path": "/etc/prometheus/prometheus.yml",
                    "sub_path": "prometheus.yml",
                },
                {"name": TARGETS_VOLUME, "mount_path": TARGETS_FOLDER, "read_only": True},
                {"name": DATA_VOLUME, "mount_path": "/data"},
            ],
            "resources": {"requests": {"cpu": "50m", "memory": "128Mi"}, "limits": {"memory": "1Gi"}},
        }
        discovery: k8s.core.v1.ContainerArgsDict = {
            "name": "pod-targets",
            "image": args.python_image,
            "command": ["python3", "-u", f"/program/{DISCOVERY_FILE}"],
            "env": [{"name": "TARGETS_FOLDER", "value": TARGETS_FOLDER}],
            "volume_mounts": [
                {"name": "config", "mount_path": "/program", "read_only": True},
                {"name": TARGETS_VOLUME, "mount_path": TARGETS_FOLDER},
            ],
            "resources": {"requests": {"cpu": "10m", "memory": "32Mi"}, "limits": {"memory": "128Mi"}},
        }
        volumes: list[k8s.core.v1.VolumeArgsDict] = [
            {"name": "config", "config_map": {"name": config.metadata.name}},
            {"name": DATA_VOLUME, "empty_dir": {}},
            {"name": TARGETS_VOLUME, "empty_dir": {}},
        ]
        pod: k8s.core.v1.PodSpecArgsDict = {
            "service_account_name": account.metadata.name,
            "containers": [container, discovery],
            "volumes": volumes,
        }
        _deployment("prometheus", args.namespace, pod, digest(PROMETHEUS_CONFIG, program), opts)
        # Sidecars need no cluster of it, as they do of Zipkin: applications that call it pass through.
        unseen = {"networking.istio.io/exportTo": "."}
        return _service("prometheus", args, PROMETHEUS_PORT, PROMETHEUS_NODE_PORT, opts, unseen)

    def _zipkin(self, args: TelemetryArgs, opts: pulumi.ResourceOptions) -> k8s.core.v1.Service:
        container: k8s.core.v1.ContainerArgsDict = {
            "name": "zipkin",
            "image": args.zipkin_image,
            "env": [
                {"name": "STORAGE_TYPE", "value": "mem"},
                {"name": "MEM_MAX_SPANS", "value": "50000"},
                {"name": "SELF_TRACING_ENABLED", "value": "false"},
                # A quick start matters more than peak speed: no second compiler, the simplest collector.
                {
                    "name": "JAVA_TOOL_OPTIONS",
                    "value": "-Xms64m -Xmx384m -XX:TieredStopAtLevel=1 -XX:+UseSerialGC -Xshare:auto",
                },
            ],
            "ports": [{"name": "http", "container_port": ZIPKIN_PORT}],
            "readiness_probe": {"http_get": {"path": "/health", "port": ZIPKIN_PORT}, "period_seconds": 2},
            "volume_mounts": [{"name": "tmp", "mount_path": "/tmp"}],
            "resources": {"requests": {"cpu": "50m", "memory": "256Mi"}, "limits": {"memory": "768Mi"}},
        }
        pod: k8s.core.v1.PodSpecArgsDict = {
            "automount_service_account_token": False,
            "containers": [container],
            "volumes": [{"name": "tmp", "empty_dir": {}}],
        }
        _deployment("zipkin", args.namespace, pod, "", opts)
        return _service("zipkin", args, ZIPKIN_PORT, ZIPKIN_NODE_PORT, opts)


def _deployment(
    name: str,
    namespace: pulumi.Input[str],
    pod: k8s.core.v1.PodSpecArgsDict,
    config: str,
    opts: pulumi.ResourceOptions,
) -> k8s.apps.v1.Deployment:
    labels = {"app": name}
    user: k8s.core.v1.PodSecurityContextArgsDict = {
        "run_as_non_root": True,
        "run_as_user": UNPRIVILEGED_USER,
        "run_as_group": UNPRIVILEGED_USER,
        "fs_group": UNPRIVILEGED_USER,
    }
    annotations = {"mesh-stack/config": config} if config else {}
    return k8s.apps.v1.Deployment(
        name,
        metadata={"name": name, "namespace": namespace, "labels": labels},
        spec={
            "replicas": 1,
            "selector": {"match_labels": labels},
            # Two of them would not share what they hold: the old one goes first.
            "strategy": {"type": "Recreate"},
            "template": {
                "metadata": {"labels": labels, "annotations": annotations},
                "spec": {**pod, "security_context": user},
            },
        },
        opts=opts,
    )


def _service(
    name: str,
    args: TelemetryArgs,
    port: int,
    node_port: int,
    opts: pulumi.ResourceOptions,
    annotations: Mapping[str, str] = MappingProxyType({}),
) -> k8s.core.v1.Service:
    fixed = {"node_port": node_port} if args.node_ports else {}
    return k8s.core.v1.Service(
        name,
        metadata={
            "name": name,
            "namespace": args.namespace,
            "labels": {"app": name},
            "annotations": {"pulumi.com/skipAwait": "true", **annotations},
        },
        spec={
            "type": "NodePort" if args.node_ports else "ClusterIP",
            "selector": {"app": name},
            "ports": [{"name": "http", "port": port, "target_port": port, "protocol": "TCP", **fixed}],
        },
        opts=opts,
    )


def _account_that_finds_pods(
    name: str, namespace: pulumi.Input[str], opts: pulumi.ResourceOptions
) -> k8s.core.v1.ServiceAccount:
    account = k8s.core.v1.ServiceAccount(name, metadata={"name": name, "namespace": namespace}, opts=opts)
    resources: Sequence[str] = ("pods", "nodes")
    k8s.rbac.v1.ClusterRole(
        name,
        metadata={"name": f"mesh-stack-{name}"},
        rules=[{"api_groups": [""], "resources": resources, "verbs": ["get", "list", "watch"]}],
        opts=opts,
    )
    k8s.rbac.v1.ClusterRoleBinding(
        name,
        metadata={"name": f"mesh-stack-{name}"},
        role_ref={
            "api_group": "rbac.authorization.k8s.io",
            "kind": "ClusterRole",
            "name": f"mesh-stack-{name}",
        },
        subjects=[{"kind": "ServiceAccount", "name": name, "namespace": namespace}],
        opts=opts,
    )
    return account
