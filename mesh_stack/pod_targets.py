"""Tells Prometheus which pods to scrape, from a container beside it.

Debian's Prometheus is built without Kubernetes discovery, so this watches the pods and writes what Prometheus
reads: files of targets, taken in as soon as they change. Standard library only: it runs as one mounted file.
"""

from __future__ import annotations

import json
import os
import ssl
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
PODS = "https://kubernetes.default.svc/api/v1/pods"
WATCH_SECONDS = 300
RETRY_SECONDS = 2.0
JOBS = {"http-envoy-prom": "envoy-stats", "http-monitoring": "meshd"}
"""Name of a pod's port → job that scrapes it."""

Pod = dict[str, Any]


def targets(pods: list[Pod], port_name: str) -> list[dict[str, Any]]:
    """Prometheus' target groups for running pods that have a port of that name, native sidecars' ports included."""
    found = []
    for pod in pods:
        address = pod.get("status", {}).get("podIP")
        running = pod.get("status", {}).get("phase") == "Running"
        spec = pod.get("spec", {})
        for container in [*spec.get("containers", []), *spec.get("initContainers", [])]:
            for port in container.get("ports", []):
                if address and running and port.get("name") == port_name:
                    labels = {"namespace": pod["metadata"]["namespace"], "pod": pod["metadata"]["name"]}
                    found.append({"targets": [f"{address}:{port['containerPort']}"], "labels": labels})
    return sorted(found, key=lambda group: str(group["targets"]))


def write(folder: Path, pods: list[Pod]) -> None:
    """Write one file for each job, and only when it changes."""
    for port_name, job in JOBS.items():
        file = folder / f"{job}.json"
        text = json.dumps(targets(pods, port_name), indent=1)
        if not file.exists() or file.read_text() != text:
            building = file.with_suffix(".tmp")
            building.write_text(text)
            building.rename(file)


def follow(folder: Path) -> None:
    """List the pods, then write with every change until the watch ends."""
    listed = json.load(_get(""))
    pods = {pod["metadata"]["uid"]: pod for pod in listed["items"]}
    write(folder, list(pods.values()))
    version = listed["metadata"]["resourceVersion"]
    for event in _watch(version):
        if event["type"] == "ERROR":
            return
        pod = event["object"]
        if event["type"] == "DELETED":
            pods.pop(pod["metadata"]["uid"], None)
        elif event["type"] in ("ADDED", "MODIFIED"):
            pods[pod["metadata"]["uid"]] = pod
        write(folder, list(pods.values()))


def _watch(version: str) -> Iterator[dict[str, Any]]:
    query = f"?watch=1&resourceVersion={version}&timeoutSeconds={WATCH_SECONDS}"
    for line in _get(query):
        yield json.loads(line)


def _get(query: str) -> Any:
    token = (ACCOUNT / "token").read_text()
    request = urllib.request.Request(PODS + query, headers={"Authorization": f"Bearer {token}"})
    trust = ssl.create_default_context(cafile=str(ACCOUNT / "ca.crt"))
    return urllib.request.urlopen(request, context=trust, timeout=WATCH_SECONDS + 30)


def main() -> None:
    """Follow the pods for ever; the files keep what was known while the API server is away."""
    folder = Path(os.environ["TARGETS_FOLDER"])
    while True:
        try:
            follow(folder)
        except (OSError, ValueError, KeyError) as error:
            print(f"pods cannot be followed, trying again: {error}", file=sys.stderr, flush=True)
            time.sleep(RETRY_SECONDS)


if __name__ == "__main__":
    main()
