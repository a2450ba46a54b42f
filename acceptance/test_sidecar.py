"""A sidecar is Envoy and nothing else, and the app beside it is what its author wrote."""

from __future__ import annotations

import os
from typing import Any

import pytest

from acceptance.cluster import Cluster
from acceptance.settings import CONTROL_PLANE, SHOP
from acceptance.workloads import Workloads

PROXY = "istio-proxy"
PROBES = ("livenessProbe", "readinessProbe", "startupProbe")
SERVICE_ACCOUNT_MOUNT = "/var/run/secrets/kubernetes.io/serviceaccount"
LIST_PROCESSES = "echo $$; for p in /proc/[0-9]*; do echo ${p#/proc/} $(readlink $p/exe); done"


def processes(cluster: Cluster, namespace: str, pod: str) -> list[str]:
    """Executables of all processes in the proxy's container but those that ask."""
    words = ("exec", "-n", namespace, pod, "-c", PROXY, "--", "sh", "-c", LIST_PROCESSES)
    shell, *rows = cluster.kubectl(*words).splitlines()
    found = [row.partition(" ") for row in rows]
    return [executable for process, _, executable in found if process != shell and executable]


def as_written(container: dict[str, Any]) -> dict[str, Any]:
    """A container without what Kubernetes adds to every pod, and without the probes."""
    kept = {name: value for name, value in container.items() if name not in PROBES}
    mounts = [m for m in kept.pop("volumeMounts", []) if m["mountPath"] != SERVICE_ACCOUNT_MOUNT]
    return {**kept, "volumeMounts": mounts}


def test_one_process_is_all_there_is_in_a_sidecar(cluster: Cluster, workloads: Workloads) -> None:
    found = processes(cluster, workloads.namespace, workloads.web.name)
    assert [os.path.basename(executable) for executable in found] == ["envoy"]


def test_one_process_is_all_there_is_in_the_gateway(cluster: Cluster) -> None:
    gateway = cluster.ready_pods(CONTROL_PLANE, "istio=ingressgateway")[0]["metadata"]["name"]
    found = processes(cluster, CONTROL_PLANE, gateway)
    assert [os.path.basename(executable) for executable in found] == ["envoy"]


@pytest.mark.parametrize("where", ["shop", "here"])
def test_app_containers_are_as_their_deployments_say(cluster: Cluster, workloads: Workloads, where: str) -> None:
    """Image, command, arguments, environment, ports, mounts, limits: all but the probes."""
    namespace = SHOP if where == "shop" else workloads.namespace
    deployments = cluster.get("deployments", "-n", namespace)["items"]
    assert deployments
    for deployment in deployments:
        template = deployment["spec"]["template"]["spec"]
        labels = deployment["spec"]["selector"]["matchLabels"]
        selector = ",".join(f"{key}={value}" for key, value in labels.items())
        for pod in cluster.ready_pods(namespace, selector):
            found = [as_written(container) for container in pod["spec"]["containers"]]
            assert found == [as_written(container) for container in template["containers"]]


def test_injection_adds_two_init_containers_and_one_volume(cluster: Cluster, workloads: Workloads) -> None:
    pod = cluster.get("pod", "-n", workloads.namespace, workloads.web.name)
    added = [container["name"] for container in pod["spec"]["initContainers"]]
    volumes = [volume["name"] for volume in pod["spec"]["volumes"]]
    assert added == ["istio-init", PROXY]
    assert [name for name in volumes if not name.startswith("kube-api-access-")] == ["page", "scratch", "istio-token"]


def test_probes_keep_their_timing(cluster: Cluster, workloads: Workloads) -> None:
    web = cluster.get("deployment", "-n", workloads.namespace, "web")["spec"]["template"]["spec"]["containers"][0]
    pod = cluster.get("pod", "-n", workloads.namespace, workloads.web.name)["spec"]["containers"][0]
    for name in ("livenessProbe", "readinessProbe"):
        assert {**pod[name], "httpGet": None} == {**web[name], "httpGet": None}
