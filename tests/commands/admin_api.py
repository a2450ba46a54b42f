"""The admin API of a control plane that serves the test shop, without a cluster: what `ask` would answer."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from functools import partial
from typing import Any

from aiohttp.test_utils import TestClient, TestServer

from commands.control_plane import NotKnown, Replica
from meshd.model.hold import Hold
from meshd.model.resource import CLUSTER, TYPE_URLS
from meshd.pki.authority import CertificateAuthority, create_root
from meshd.pki.workload import WorkloadCertificates
from meshd.runtime.admin import build_admin_app
from meshd.runtime.describe import describe
from meshd.xds.publisher import Publisher
from meshd.xds.wire import Request
from tests.meshd.networking.mesh_of import MESHES, changes_of, engine_of, proxy_of

REPLICA = Replica("meshd-1", True)


class AdminApi:
    """The shop of tests/meshd/networking with its rules, and `pods` whose proxies are connected."""

    def __init__(self, text: str = "", pods: tuple[str, ...] = ("shop/frontend-1",)) -> None:
        authority = CertificateAuthority(*create_root("root", timedelta(days=9)))
        self.hold = Hold()
        engine = engine_of("")
        self.publisher = Publisher(
            engine, WorkloadCertificates(authority, "cluster.local", timedelta(hours=1)), self.hold
        )
        shop = "\n---\n".join((MESHES / name).read_text() for name in ("shop.yaml", "rules.yaml"))
        self.publisher.apply(changes_of("\n---\n".join((shop, text)) if text else shop))
        self._connect(pods)

    def _connect(self, pods: tuple[str, ...]) -> None:
        for pod in pods:
            stream = self.publisher.connect(proxy_of(self.publisher.engine, pod))
            for type_url in TYPE_URLS:
                stream.receive(Request(type_url, subscribe=("*",)))
            while response := stream.next():
                stream.receive(Request(response.type_url, nonce=response.nonce))

    def refuse(self, cluster: str, detail: str) -> None:
        """The first proxy refuses a cluster from now on."""
        stream = self.publisher.streams[0]
        stream.changed(CLUSTER, [(cluster, False)])
        response = stream.next()
        assert response is not None
        stream.receive(Request(CLUSTER, nonce=response.nonce, error=detail))

    def get(self, path: str) -> Any:
        """JSON that GET answers. Raises NotKnown for a 404."""
        return asyncio.run(self._get(path))

    async def _get(self, path: str) -> Any:
        explain = partial(describe, self.publisher.engine.store, self.hold)
        app = build_admin_app(lambda: self.publisher.streams, lambda: 0, explain)
        async with TestClient(TestServer(app)) as client:
            answer = await client.get(path)
            if answer.status == 404:
                raise NotKnown((await answer.text()).strip())
            assert answer.status == 200, await answer.text()
            return await answer.json()
