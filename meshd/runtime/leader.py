"""What the replica that leads does beside serving proxies: it writes the status of each Istio object."""

import argparse
import asyncio
import os
import socket
from collections.abc import Iterable, Mapping, Sequence

from aiohttp import web
from lightkube import AsyncClient

from meshd.ingest.api_server import connect
from meshd.model.hold import Hold
from meshd.model.resource import Resource, Scope
from meshd.model.service import Workload
from meshd.runtime.kubernetes_lease import KubernetesLease
from meshd.runtime.lease import Candidate, lead
from meshd.runtime.settings import Settings
from meshd.runtime.status.lull import Lull
from meshd.runtime.status.peers import Peers, other_replicas, serve_report, shared_word
from meshd.runtime.status.reporter import Reporter
from meshd.runtime.status.survey import Survey
from meshd.runtime.status.writer import StatusWriter
from meshd.xds.publisher import Publisher


class Leader:
    """One replica's readiness to lead, and what it tells the replica that does."""

    def __init__(
        self,
        settings: Settings,
        arguments: argparse.Namespace,
        client: AsyncClient,
        publisher: Publisher,
        hold: Hold | None,
    ) -> None:
        self._settings = settings
        self._client = client
        self._publisher = publisher
        self._hold = hold
        self._word = shared_word((arguments.ca / "tls.key").read_bytes())
        self._root_pem = (arguments.ca / "tls.crt").read_text()
        self._port: int = arguments.webhook_port
        self._survey = Survey(lambda: publisher.streams, self._resources)

    def serve_peers(self, app: web.Application) -> None:
        """Let other replicas ask for this one's proxies, on a server with meshd's certificate."""
        serve_report(app, self._word, self._survey.report)

    async def run(self, known: asyncio.Event) -> None:
        """Stand for election once the objects are known; where statuses are not wanted, do nothing."""
        await known.wait()
        if self._settings.write_status:
            store = KubernetesLease(self._client, self._settings.root_namespace)
            await lead(Candidate(store, _identity()), self._term)
        await asyncio.Event().wait()

    async def _term(self) -> None:
        peers = Peers(self._other_replicas, self._word, self._root_pem, self._settings.serving_names[0], self._port)
        lull = Lull(lambda: self._publisher.last_change)
        async with connect(self._client) as server:
            await Reporter(self._survey, peers, self._waiting, StatusWriter(server), lull).run(server)

    def _other_replicas(self) -> Sequence[Workload]:
        store = self._publisher.engine.store
        return other_replicas(store, self._settings.root_namespace, os.environ.get("POD_NAME", ""))

    def _waiting(self) -> Mapping[str, Sequence[str]]:
        hold = self._hold
        return {str(rules.ref): hold.missing(rules) for rules in hold.waiting} if hold else {}

    def _resources(self, scope: Scope) -> Iterable[Resource]:
        try:
            return self._publisher.engine.resources(scope)
        except KeyError:  # its last proxy has gone
            return ()


def _identity() -> str:
    """The pod's name; outside a cluster that of the process."""
    return os.environ.get("POD_NAME") or f"{socket.gethostname()}-{os.getpid()}"
