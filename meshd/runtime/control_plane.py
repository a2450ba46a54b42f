"""The composition root: what is made of what, what starts after what, and how it all ends.

watches -> Publisher (store, engine) -> streams. Proxies are let in only when every kind of object has been
listed: a proxy that reconnects to a meshd that knows half of the mesh would be told to forget the other
half.
"""

import argparse
import asyncio
import gc
import logging
import signal
import ssl
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

from aiohttp import web
from lightkube import AsyncClient, KubeConfig
from lightkube.core.exceptions import ConfigError

from meshd import ingest
from meshd.api.istio.message import Message
from meshd.api.object import IstioObject
from meshd.api.translate import translate
from meshd.inject import build_app
from meshd.model.hold import Hold
from meshd.model.proxy_config import ProxyConfig
from meshd.model.store import Store
from meshd.model.tables import MESH, MESH_KEY, PROXY_CONFIGS
from meshd.networking.advice import advice
from meshd.networking.engine import Engine
from meshd.networking.generators import GENERATORS
from meshd.pki.authority import AuthorityError, CertificateAuthority
from meshd.pki.workload import WorkloadCertificates
from meshd.runtime import metrics
from meshd.runtime.admin import build_admin_app
from meshd.runtime.describe import describe
from meshd.runtime.insecure import BelieveNodeId
from meshd.runtime.issuers import Issuers
from meshd.runtime.leader import Leader
from meshd.runtime.monitoring import build_monitoring_app
from meshd.runtime.secret_readers import SecretReaders
from meshd.runtime.serving import ServingCertificate, keep_fresh, server_context
from meshd.runtime.settings import Settings, StartError
from meshd.runtime.token_review import KubernetesTokenReviewer
from meshd.xds.authentication import CachedReviews, TokenAuthenticator
from meshd.xds.publisher import Publisher
from meshd.xds.server import AdsServer

log = logging.getLogger(__name__)

LAME_DUCK_SECONDS = 3.0
"""Between SIGTERM and the end of service: until then requests still come from those who do not know yet."""
DRAIN_SECONDS = 2.0
GC_THRESHOLDS = (10_000, 50, 100)
"""The mesh is one large, live graph of objects: walking it often finds nothing and stops everything
meanwhile.
"""


class ControlPlane:
    """One replica of meshd."""

    def __init__(self, settings: Settings, arguments: argparse.Namespace) -> None:
        """Raises StartError."""
        self._settings = settings
        self._mesh = settings.mesh
        self._arguments = arguments
        try:
            authority = CertificateAuthority.load(arguments.ca)
        except AuthorityError as error:
            raise StartError(str(error)) from None
        self._root_pem = authority.root_pem.decode()
        self._serving = ServingCertificate(authority, settings.serving_names)
        self._certificates = WorkloadCertificates(authority, settings.trust_domain, settings.workload_certificate_ttl)
        self._client = _client(arguments.kubeconfig)
        self._hold = Hold() if settings.hold_unresolved_rules else None
        self.publisher = Publisher(Engine(Store(), GENERATORS), self._certificates, self._hold)
        self._leader = Leader(settings, arguments, self._client, self.publisher, self._hold)
        self._not_ready = "the objects of the cluster are being read"
        self._stopping = asyncio.Event()

    async def run(self) -> None:
        """Serve until SIGTERM or SIGINT. Raises StartError, and whatever ended one of the parts."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stopping.set)
        async with self._http_servers(), self._background():
            await self._serve_proxies()

    async def _serve_proxies(self) -> None:
        servers = self._ads_servers()
        for server in servers:
            await server.start()
        self._not_ready = ""
        log.info("ready: proxies are served")
        await self._stopping.wait()
        self._not_ready = "stopping"
        log.info("stopping: %d proxies move on", len(self.publisher.streams))
        await asyncio.sleep(LAME_DUCK_SECONDS if self.publisher.streams else 0)
        await asyncio.gather(*(server.stop(DRAIN_SECONDS) for server in servers))

    def _ads_servers(self) -> list[AdsServer[Any]]:
        observer = metrics.XdsMetrics()
        reviews = CachedReviews(KubernetesTokenReviewer(self._client))
        secure = AdsServer(self.publisher, TokenAuthenticator(reviews, self.publisher.arrivals.workload), observer)
        servers: list[AdsServer[Any]] = [secure]
        try:
            secure.listen_tls(self._arguments.xds, self._serving.pem)
            if self._arguments.insecure_xds:
                open_to_all = AdsServer(self.publisher, BelieveNodeId(self.publisher.engine.store), observer)
                open_to_all.listen_plaintext(self._arguments.insecure_xds)
                log.warning("proxies are believed without tokens at %s", self._arguments.insecure_xds)
                servers.append(open_to_all)
        except RuntimeError as error:
            raise StartError(f"cannot serve proxies: {error}: is the port taken?") from None
        return servers

    @asynccontextmanager
    async def _http_servers(self) -> AsyncIterator[None]:
        tls = server_context(self._serving)
        ports = self._arguments
        webhooks = build_app(self._settings.inject, self._root_pem, self._advise, self._proxy_configs)
        self._leader.serve_peers(webhooks)
        monitoring = build_monitoring_app(lambda: self._not_ready)
        explain = partial(describe, self.publisher.engine.store, self._hold)
        admin = build_admin_app(lambda: self.publisher.streams, self.publisher.rotate_certificates, explain)
        freshness = asyncio.create_task(keep_fresh(tls, self._serving))
        try:
            async with (
                _listening(admin, "127.0.0.1", ports.admin_port),
                _listening(monitoring, ports.http_host, ports.monitoring_port),
                _listening(webhooks, ports.http_host, ports.webhook_port, tls),
            ):
                yield
        finally:
            freshness.cancel()

    def _advise(self, istio_object: IstioObject[Message]) -> list[str]:
        store = self.publisher.engine.store
        rows = translate(istio_object, self._mesh)
        return [f"{istio_object}: {line}" for _, _, row in rows for line in advice(store, row)]

    def _proxy_configs(self, namespace: str) -> tuple[ProxyConfig, ...]:
        return self.publisher.engine.store.find(PROXY_CONFIGS, "namespace", namespace)

    @asynccontextmanager
    async def _background(self) -> AsyncIterator[None]:
        """Watches and rounds. Enters when all objects are known; what ends early ends the whole."""
        known = asyncio.Event()
        self.publisher.submit([(MESH, MESH_KEY, self._mesh)])
        issuers = Issuers(self.publisher.engine.store, self.publisher.submit)
        readers = SecretReaders(self.publisher.engine.store, self.publisher.submit, self._client)
        try:
            async with asyncio.TaskGroup() as group:
                works: list[Coroutine[Any, Any, None]] = [
                    ingest.run(self._client, self._mesh, self.publisher.submit, known),
                    self.publisher.run(),
                    self.publisher.renew_certificates(),
                    self._leader.run(known),
                    issuers.run(known),
                    readers.run(known),
                ]
                tasks = [group.create_task(work) for work in works]
                await self._until_known(known, issuers.looked, readers.looked)
                yield
                for task in tasks:
                    task.cancel()
        except BaseExceptionGroup as errors:
            raise _first_start_error(errors) or errors from None

    async def _until_known(self, *known: asyncio.Event) -> None:
        """Until all of it is, or this replica is to stop."""
        for event in known:
            waits = [asyncio.create_task(each.wait()) for each in (event, self._stopping)]
            try:
                await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for wait in waits:
                    wait.cancel()
        await self.publisher.caught_up()
        gc.collect()
        gc.freeze()
        gc.set_threshold(*GC_THRESHOLDS)


async def serve(settings: Settings, arguments: argparse.Namespace) -> None:
    """Run one replica until it is told to stop. Raises StartError."""
    metrics.count_config_errors()
    await ControlPlane(settings, arguments).run()


def _client(kubeconfig: Path | None) -> AsyncClient:
    try:
        if kubeconfig is not None:
            return AsyncClient(KubeConfig.from_file(kubeconfig).get())
        return AsyncClient(KubeConfig.from_env().get())
    except (ConfigError, OSError) as error:
        raise StartError(f"no way to the API server: {error}: give --kubeconfig") from None


@asynccontextmanager
async def _listening(
    app: web.Application, host: str | None, port: int, tls: ssl.SSLContext | None = None
) -> AsyncIterator[None]:
    """Serve `app`; `host` None is every address."""
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=5.0)
    await runner.setup()
    try:
        try:
            await web.TCPSite(runner, host, port, ssl_context=tls).start()
        except OSError as error:
            raise StartError(f"cannot listen on port {port}: {error}") from None
        yield
    finally:
        await runner.cleanup()


def _first_start_error(errors: BaseExceptionGroup[BaseException]) -> BaseException | None:
    found: BaseException | None = errors.subgroup(StartError)
    while isinstance(found, BaseExceptionGroup):
        found = found.exceptions[0]
    return found
