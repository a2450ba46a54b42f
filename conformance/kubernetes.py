"""The cluster, by kubectl: what the suite needs of it, and nothing a user could not type."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pytest_kind import KindCluster

from conformance.timeouts import TIMEOUTS


class KubectlError(Exception):
    """kubectl failed; the message is what it said."""


class Kubernetes:
    """kubectl on one cluster. `cluster` is pytest-kind's, which knows kubectl's path and the kubeconfig."""

    def __init__(self, cluster: KindCluster, context: str | None = None) -> None:
        self._cluster = cluster
        self._context = ("--context", context) if context else ()

    def kubectl(self, *arguments: str, stdin: str | None = None, timeout: float = TIMEOUTS.kubectl) -> str:
        """kubectl's standard output. Raises KubectlError, or subprocess.TimeoutExpired after `timeout` seconds."""
        try:
            output: str = self._cluster.kubectl(
                *self._context, *arguments, input=stdin or "", stderr=subprocess.PIPE, timeout=timeout
            )
        except subprocess.CalledProcessError as error:
            said = (error.stderr or "").strip() or f"exit status {error.returncode}"
            raise KubectlError(f"kubectl {' '.join(arguments)}: {said}") from error
        return output

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """kubectl with pipes, running beside the test. The caller ends it."""
        return subprocess.Popen(
            [str(self._cluster.kubectl_path), *self._context, *arguments],
            env={**os.environ, "KUBECONFIG": str(self._cluster.kubeconfig_path)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def apply(self, manifest: str, *options: str) -> None:
        """Server-side apply; the API server's own validation and webhooks have the last word."""
        self.kubectl(
            "apply", "--server-side", "--force-conflicts", "--field-manager=mesh-conformance", *options, "-f", "-",
            stdin=manifest,
        )  # fmt: skip

    def delete(self, manifest: str) -> None:
        """Delete what `manifest` names, without waiting for finalizers. What is gone already is fine."""
        self.kubectl("delete", "--ignore-not-found", "--wait=false", "-f", "-", stdin=manifest)

    def get(self, *arguments: str) -> dict[str, Any]:
        """`kubectl get … -o json`."""
        content: dict[str, Any] = json.loads(self.kubectl("get", *arguments, "-o", "json"))
        return content

    def rollout(self, namespace: str, deployments: Sequence[str], timeout: float) -> None:
        """Wait until all `deployments` are rolled out. Raises KubectlError when that takes too long."""
        names = [f"deployment/{name}" for name in deployments]
        for name in names:
            limit = f"--timeout={timeout:g}s"
            self.kubectl("rollout", "status", "-n", namespace, limit, name, timeout=timeout + TIMEOUTS.kubectl)

    def running_pods(self, namespace: str, selector: str) -> list[str]:
        """Names of the pods that match, are ready, and are not being deleted; sorted."""
        pods = self.get("pods", "-n", namespace, "-l", selector)["items"]
        return sorted(
            pod["metadata"]["name"]
            for pod in pods
            if "deletionTimestamp" not in pod["metadata"]
            and any(c["type"] == "Ready" and c["status"] == "True" for c in pod["status"].get("conditions", []))
        )


def existing_cluster(kubeconfig: Path, kubectl: Path) -> KindCluster:
    """pytest-kind's driver for a cluster that is there already: nothing is created, downloaded or deleted."""
    # The constructor makes a folder below the working directory, which absolute paths leave unused.
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        return KindCluster("existing", kubeconfig=kubeconfig, kubectl_path=kubectl)
