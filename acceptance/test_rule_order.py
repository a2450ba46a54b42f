"""Rules and the subsets they name come and go in either order, and a steady load loses no request (ADR 0008)."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from acceptance.cluster import Cluster
from acceptance.convergence import eventually
from acceptance.workloads import Pod, Workloads, manifest

STEADY = (Path(__file__).parent / "steady.py").read_text()
ENOUGH_REQUESTS = 100
SETTLED_SECONDS = 1.5
"""Long enough for a push that should not come to be seen."""


def rule(namespace: str) -> str:
    destination = {"host": "web", "subset": "v1"}
    route = {"route": [{"destination": destination, "headers": {"response": {"set": {"x-rule": "v1"}}}}]}
    return manifest(object_of("VirtualService", namespace, {"hosts": ["web"], "http": [route]}))


def subsets(namespace: str) -> str:
    spec = {"host": "web", "subsets": [{"name": "v1", "labels": {"version": "v1"}}]}
    return manifest(object_of("DestinationRule", namespace, spec))


def object_of(kind: str, namespace: str, spec: dict[str, Any]) -> dict[str, Any]:
    metadata = {"name": "in-any-order", "namespace": namespace}
    return {"apiVersion": "networking.istio.io/v1", "kind": kind, "metadata": metadata, "spec": spec}


@contextmanager
def steady_load(pod: Pod, host: str) -> Iterator[dict[str, int]]:
    """Requests all through a block; the yielded tally is filled when it ends."""
    command = pod.cluster.command("exec", "-i", "-n", pod.namespace, pod.name, "-c", pod.container, "--")
    process = subprocess.Popen(
        [*command, "python3", "-c", STEADY], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdin is not None
    tally: dict[str, int] = {}
    try:
        process.stdin.write(json.dumps({"host": host, "port": 80, "pause": 0.01}) + "\n")
        process.stdin.flush()
        yield tally
        output, _ = process.communicate(timeout=30)
        tally.update(json.loads(output))
    finally:
        process.kill()
        process.communicate()


def test_rules_and_subsets_in_either_order_lose_no_request(cluster: Cluster, workloads: Workloads) -> None:
    namespace = workloads.namespace

    def rule_in_force() -> bool:
        (answer,) = workloads.client.ask([{"host": "web", "port": 80}])
        assert answer.get("status") == 200, answer
        return bool(answer["headers"].get("x-rule") == "v1")

    def must_be(expected: bool) -> None:
        assert rule_in_force() is expected

    with steady_load(workloads.client, "web") as tally:
        try:
            cluster.apply(rule(namespace))
            time.sleep(SETTLED_SECONDS)
            must_be(False)
            cluster.apply(subsets(namespace))
            eventually(lambda: must_be(True), "the rule in force once its subset is there")
            cluster.delete(subsets(namespace))
            time.sleep(SETTLED_SECONDS)
            must_be(True)
            cluster.delete(rule(namespace))
            eventually(lambda: must_be(False), "no rule after it is gone")
        finally:
            cluster.delete(rule(namespace) + "---\n" + subsets(namespace))
    assert set(tally) == {"200"}, tally
    assert tally["200"] > ENOUGH_REQUESTS, tally
