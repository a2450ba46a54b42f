"""All watches together."""

from __future__ import annotations

import asyncio
import logging

from lightkube import AsyncClient

from meshd.ingest import istio
from meshd.ingest.api_server import connect
from meshd.ingest.kind import WatchedKind
from meshd.ingest.kubernetes import endpoint_slice, node, pod, secret, service
from meshd.ingest.reflector import Reflector, Sink
from meshd.model.mesh import MeshConfig

log = logging.getLogger(__name__)


def watched_kinds(mesh: MeshConfig) -> tuple[WatchedKind, ...]:
    """Everything the model is made of."""
    return (
        service.watched(mesh.cluster_domain),
        endpoint_slice.watched(mesh.cluster_domain),
        pod.watched(),
        node.watched(),
        secret.watched(mesh.root_namespace),
        *istio.watched(mesh),
    )


async def run(client: AsyncClient, mesh: MeshConfig, sink: Sink, ready: asyncio.Event) -> None:
    """Tell `sink` of every object there is, set `ready`, and go on telling it of every change.

    Uses the configuration of `client` with connections of its own. Never returns by itself: cancel it.
    Failures of the API server are logged and retried; what `sink` raises ends it.
    """
    async with connect(client) as server:
        reflectors = [Reflector(server, kind, sink) for kind in watched_kinds(mesh)]
        async with asyncio.TaskGroup() as tasks:
            for reflector in reflectors:
                tasks.create_task(reflector.run())
            for reflector in reflectors:
                await reflector.listed.wait()
            log.info("the objects of all %d kinds are known", len(reflectors))
            ready.set()
