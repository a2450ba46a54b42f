"""The cluster, by kubectl."""

from __future__ import annotations

import json
import re
import select
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

KUBECTL_SECONDS = 60.0
FORWARD_SECONDS = 10.0
FORWARDING = re.compile(r"127\.0\.0\.1:(\d+) ->")


class KubectlError(Exception):
    """kubectl failed; the message is what it said."""


class Cluster:
    """kubectl with one kubeconfig."""

    def __init__(self, kubectl: Path, kubeconfig: Path) -> None:
        self._command = (str(kubectl), "--kubeconfig", str(kubeconfig))

    def command(self, *words: str) -> list[str]:
        """kubectl's command line, for processes that run beside the test."""
        return [*self._command, *words]

    def kubectl(self, *words: str, stdin: str = "", timeout: float = KUBECTL_SECONDS) -> str:
        """kubectl's standard output. Raises KubectlError, or subprocess.TimeoutExpired after `timeout` seconds."""
        output, said, code = self.say(*words, stdin=stdin, timeout=timeout)
        if code:
            raise KubectlError(f"kubectl {' '.join(words)}: {said.strip() or f'exit status {code}'}")
        return output

    def say(self, *words: str, stdin: str = "", timeout: float = KUBECTL_SECONDS) -> tuple[str, str, int]:
        """Standard output, standard error and exit status."""
        done = subprocess.run(
            [*self._command, *words], input=stdin, capture_output=True, text=True, timeout=timeout, check=False
        )
        return done.stdout, done.stderr, done.returncode

    def apply(self, manifest: str) -> None:
        """Server-side apply. Raises KubectlError when the API server or a webhook refuses."""
        words = ("apply", "--server-side", "--force-conflicts", "--field-manager=mesh-acceptance", "-f", "-")
        self.kubectl(*words, stdin=manifest)

    def delete(self, manifest: str) -> None:
        """Delete what `manifest` names. What is gone already is fine."""
        self.kubectl("delete", "--ignore-not-found", "--wait=false", "-f", "-", stdin=manifest)

    @contextmanager
    def applied(self, manifest: str) -> Iterator[None]:
        """Apply for the length of a block."""
        self.apply(manifest)
        try:
            yield
        finally:
            self.delete(manifest)

    def get(self, *words: str) -> dict[str, Any]:
        """`kubectl get … -o json`."""
        content: dict[str, Any] = json.loads(self.kubectl("get", *words, "-o", "json"))
        return content

    def ready_pods(self, namespace: str, selector: str) -> list[dict[str, Any]]:
        """Pods that match, are ready and stay; sorted by name."""
        pods = self.get("pods", "-n", namespace, "-l", selector)["items"]
        return sorted((pod for pod in pods if _is_ready(pod)), key=lambda pod: str(pod["metadata"]["name"]))

    @contextmanager
    def port_forward(self, namespace: str, pod: str, port: int) -> Iterator[int]:
        """A port of this machine's loopback that leads to a pod's. Raises KubectlError."""
        words = ("-n", namespace, "port-forward", "--address=127.0.0.1", f"pod/{pod}", f":{port}")
        process = subprocess.Popen(
            [*self._command, *words],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert process.stdout is not None
        try:
            answered, _, _ = select.select([process.stdout], [], [], FORWARD_SECONDS)
            line = process.stdout.readline() if answered else ""
            found = FORWARDING.search(line)
            if not found:
                raise KubectlError(f"kubectl port-forward to {pod}: {line.strip() or 'no answer'}")
            yield int(found[1])
        finally:
            process.terminate()
            process.wait()
            process.stdout.close()


def _is_ready(pod: dict[str, Any]) -> bool:
    conditions = pod["status"].get("conditions", ())
    ready = any(c["type"] == "Ready" and c["status"] == "True" for c in conditions)
    return ready and "deletionTimestamp" not in pod["metadata"]
