"""Puts the measured mesh into an API server."""

from __future__ import annotations

from pathlib import Path

import yaml

from benchmarks.propagation import objects
from benchmarks.propagation.kubernetes import Kubernetes
from benchmarks.propagation.objects import Object


async def install(kubernetes: Kubernetes, crds: Path, services: int, pods: int) -> None:
    """Istio's kinds, namespaces, and `services` services with `pods` pods in all. Raises BenchmarkError."""
    definitions = [item for item in yaml.load_all(crds.read_bytes(), yaml.CSafeLoader) if item]
    await kubernetes.all(kubernetes.create, definitions)
    await kubernetes.all(kubernetes.create, objects.namespaces())
    for plural in ("virtualservices", "destinationrules"):
        await kubernetes.served(f"/apis/networking.istio.io/v1/{plural}")

    async def write_pod(pod: tuple[Object, str]) -> None:
        item, address = pod
        await kubernetes.create(item)
        await kubernetes.patch(item, objects.pod_status(address), "/status")

    await kubernetes.all(write_pod, ((objects.pod(n, services), objects.pod_address(n)) for n in range(pods)))
    spare = ((objects.spare_pod(n), objects.spare_address(n)) for n in range(objects.SPARE_PODS))
    await kubernetes.all(write_pod, spare)
    await kubernetes.all(kubernetes.create, (item for n in range(services) for item in _service(n, services, pods)))


def _service(number: int, services: int, pods: int) -> list[Object]:
    return [
        objects.service(number),
        objects.endpoint_slice(number, objects.pod_endpoints(number, services, pods)),
        objects.destination_rule(number),
        objects.virtual_service(number),
    ]
