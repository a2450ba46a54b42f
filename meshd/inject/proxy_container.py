"""The container of the proxy, for sidecars and gateways alike."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from meshd.inject import annotations as names
from meshd.inject.bootstrap import BootstrapInputs, bootstrap_argument
from meshd.inject.health_listener import READY_PATH
from meshd.inject.owner import Owner
from meshd.inject.settings import (
    CONTAINER,
    HEALTH_PORT,
    METRICS_PORT,
    TOKEN_FOLDER,
    TOKEN_PATH,
    TOKEN_VOLUME,
    UID,
    InjectSettings,
)

Json = dict[str, Any]
DRAIN_SECONDS = 45
QUIET_COMPONENTS = "misc:error"
"""Envoy warns of a field of its stats logger whose successor the published protos do not have yet, on every change."""
ALLOCATOR_TUNABLES = "glibc.pthread.rseq=0"
"""Leaves restartable sequences to Envoy's allocator, which then caches by CPU instead of by thread: it has a dozen
threads, each of which would keep what it freed. Measured: 1 MB less after changes of the mesh.
"""


def build_proxy_container(
    kind: str,
    owner: Owner,
    annotations: Mapping[str, str],
    inputs: BootstrapInputs,
    settings: InjectSettings,
) -> Json:
    """A container running Envoy alone; `kind` is "sidecar" or "router". Raises InjectionError."""
    return {
        "name": CONTAINER,
        "image": annotations.get(names.PROXY_IMAGE, settings.image),
        "imagePullPolicy": settings.image_pull_policy,
        "command": ["envoy"],
        "args": _arguments(kind, owner, annotations, inputs, settings),
        "env": _environment(owner, settings),
        "ports": [{"name": "http-envoy-prom", "containerPort": METRICS_PORT, "protocol": "TCP"}],
        "resources": _resources(annotations, settings),
        "securityContext": security_context(UID),
        "startupProbe": _ready_probe(period=1, failures=600),
        "readinessProbe": _ready_probe(period=5, failures=4),
        "volumeMounts": [{"name": TOKEN_VOLUME, "mountPath": TOKEN_FOLDER, "readOnly": True}],
    }


def build_token_volume(settings: InjectSettings) -> Json:
    """The service-account token that meshd alone accepts, renewed by the kubelet."""
    token = {
        "audience": settings.token_audience,
        "expirationSeconds": settings.token_seconds,
        "path": TOKEN_PATH.removeprefix(f"{TOKEN_FOLDER}/"),
    }
    return {"name": TOKEN_VOLUME, "projected": {"sources": [{"serviceAccountToken": token}]}}


def security_context(user: int, capabilities: tuple[str, ...] = ()) -> Json:
    """No more rights than `capabilities`."""
    return {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"], **({"add": list(capabilities)} if capabilities else {})},
        "privileged": False,
        "readOnlyRootFilesystem": True,
        "runAsGroup": user,
        "runAsNonRoot": user != 0,
        "runAsUser": user,
    }


def _arguments(
    kind: str, owner: Owner, annotations: Mapping[str, str], inputs: BootstrapInputs, settings: InjectSettings
) -> list[str]:
    domain = f"$(POD_NAMESPACE).svc.{settings.mesh.cluster_domain}"
    arguments = {
        "--config-yaml": bootstrap_argument(inputs),
        "--service-node": f"{kind}~$(POD_IP)~$(POD_NAME).$(POD_NAMESPACE)~{domain}",
        "--service-cluster": f"{owner.app}.{owner.namespace}",
        "--drain-time-s": str(DRAIN_SECONDS),
        "--drain-strategy": "immediate",
        "--file-flush-interval-msec": "1000",  # as Istio: who looks into a log wants the last requests too
        **({"--concurrency": str(settings.concurrency)} if settings.concurrency else {}),
        "--log-level": names.log_level(annotations, settings.log_level),
    }
    arguments["--component-log-level"] = names.component_log_level(annotations) or QUIET_COMPONENTS
    return [word for pair in arguments.items() for word in pair] + ["--disable-hot-restart"]


def _environment(owner: Owner, settings: InjectSettings) -> list[Json]:
    """The pod's own facts, for the arguments, its names, for metrics, and what ProxyConfig adds."""
    fields = {
        "POD_NAME": "metadata.name",
        "POD_NAMESPACE": "metadata.namespace",
        "POD_IP": "status.podIP",
    }
    values = {
        "GLIBC_TUNABLES": ALLOCATOR_TUNABLES,
        "ISTIO_META_WORKLOAD_NAME": owner.workload,
        "ISTIO_META_NAMESPACE": owner.namespace,
        "ISTIO_META_APP": owner.app,
        "ISTIO_META_VERSION": owner.version,
        "ISTIO_META_SERVICE_ACCOUNT": owner.service_account,
        "ISTIO_META_PRINCIPAL": owner.principal,
        **dict(settings.environment),
    }
    return [
        *({"name": name, "valueFrom": {"fieldRef": {"fieldPath": path}}} for name, path in fields.items()),
        *({"name": name, "value": value} for name, value in values.items()),
    ]


def _resources(annotations: Mapping[str, str], settings: InjectSettings) -> Json:
    requests = {
        "cpu": names.quantity(annotations, names.PROXY_CPU, settings.cpu_request),
        "memory": names.quantity(annotations, names.PROXY_MEMORY, settings.memory_request),
    }
    limits = {
        "cpu": names.quantity(annotations, names.PROXY_CPU_LIMIT, settings.cpu_limit),
        "memory": names.quantity(annotations, names.PROXY_MEMORY_LIMIT, settings.memory_limit),
    }
    given = {"requests": _set(requests), "limits": _set(limits)}
    return {name: amounts for name, amounts in given.items() if amounts}


def _set(amounts: Mapping[str, str]) -> dict[str, str]:
    return {name: amount for name, amount in amounts.items() if amount}


def _ready_probe(period: int, failures: int) -> Json:
    return {
        "httpGet": {"path": READY_PATH, "port": HEALTH_PORT, "scheme": "HTTP"},
        "periodSeconds": period,
        "timeoutSeconds": 3,
        "failureThreshold": failures,
    }
