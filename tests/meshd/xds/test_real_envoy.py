"""The server against a real Envoy over TLS: what it takes, what it refuses, and what it does then."""

import asyncio
import base64
import json
import re
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from envoy.config.cluster.v3 import cluster_pb2
from envoy.config.endpoint.v3 import endpoint_pb2
from envoy.config.listener.v3 import listener_pb2
from envoy.config.route.v3 import route_components_pb2, route_pb2
from envoy.extensions.filters.http.router.v3 import router_pb2
from envoy.extensions.filters.network.http_connection_manager.v3 import http_connection_manager_pb2 as hcm_pb2
from envoy.extensions.transport_sockets.tls.v3 import tls_pb2

from meshd.model.memo import Reader
from meshd.model.reference import ObjectRef
from meshd.model.resource import (
    CLUSTER,
    ENDPOINT,
    LISTENER,
    ROUTE,
    SECRET,
    TYPE_URLS,
    VIRTUAL_HOST,
    Resource,
    Scope,
)
from meshd.model.service import Workload
from meshd.model.store import Store
from meshd.model.tables import WORKLOADS, Table
from meshd.networking.engine import Engine, Generator
from meshd.networking.proto import ADS, duration, extension, resource
from meshd.pki.authority import CertificateAuthority, create_root, serving_certificate
from meshd.pki.workload import WorkloadCertificates
from meshd.xds.authentication import PodIdentity, TokenAuthenticator, Unauthenticated
from meshd.xds.publisher import Publisher
from meshd.xds.server import AdsServer
from meshd.xds.stream import Stream
from toolchain import ensure

POD = Workload("shop", "cart-1", "u1", "127.0.0.1", (("app", "cart"),), "cart", "cart", True)
NODE = "sidecar~127.0.0.1~cart-1.shop~shop.svc.cluster.local"


def free_ports(count: int) -> list[int]:
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [listening.getsockname()[1] for listening in sockets]


PROXY_PORT, TLS_PORT, ADMIN_PORT = free_ports(3)
WAIT_SECONDS = 20.0
BOTH_DIALECTS = pytest.mark.parametrize("api_type", ["DELTA_GRPC", "GRPC"])

STATIC: Table[Resource] = Table("static")
"""Ready-made resources under "<type_url> <name>"."""


def static_generator(type_url: str) -> Generator:
    def items(read: Reader, scope: Scope) -> tuple[str, ...]:
        prefix = f"{type_url} "
        keys = sorted(read._store._rows.get(STATIC, ()))
        read.all(STATIC)
        return tuple(key for key in keys if key.startswith(prefix))

    def build(read: Reader, scope: Scope, item: Any) -> Resource | None:
        return read.get(STATIC, item)

    return Generator(type_url, lambda read, proxy: (type_url,), items, build)


class FakeReviewer:
    async def review(self, token: str) -> PodIdentity:
        if token != "the token":
            raise Unauthenticated("not a token of the test")
        return PodIdentity("shop", "cart", "cart-1", "u1")


@dataclass
class Counts:
    refusals: list[tuple[str, bool]] = field(default_factory=list)

    def streams(self, count: int) -> None: ...

    def pushed(self, seconds: float) -> None: ...

    def refused(self, type_url: str, isolated: bool) -> None:
        self.refusals.append((type_url, isolated))


class Mesh:
    """A control plane that serves what `put` is given, and an upstream that answers "ok"."""

    def __init__(self, ttl: timedelta) -> None:
        self.authority = CertificateAuthority(*create_root("test root", timedelta(days=2)))
        self.certificates = WorkloadCertificates(self.authority, "cluster.local", ttl)
        engine = Engine(Store(), [static_generator(type_url) for type_url in TYPE_URLS])
        self.publisher = Publisher(engine, self.certificates)
        self.counts = Counts()
        self.publisher.apply([(WORKLOADS, POD.key, POD)])
        self.shown = serving_certificate(self.authority, ["localhost"], timedelta(days=1))
        self.upstream_port = 0

    def server(self) -> AdsServer[PodIdentity]:
        admission = TokenAuthenticator(FakeReviewer(), self.publisher.workload, patience=1.0)
        return AdsServer(self.publisher, admission, self.counts)

    def apply(self, *made: tuple[str, Resource | str]) -> None:
        """(type_url, a resource to add or change, or the name of one to remove) in one round."""
        self.publisher.apply(
            [
                (STATIC, f"{type_url} {what.name if isinstance(what, Resource) else what}",
                 what if isinstance(what, Resource) else None)
                for type_url, what in made
            ]
        )  # fmt: skip

    @property
    def stream(self) -> Stream:
        (stream,) = self.publisher.streams
        return stream

    def cluster(self, name: str, **more: Any) -> tuple[str, Resource]:
        message = cluster_pb2.Cluster(
            name=name,
            type=cluster_pb2.Cluster.EDS,
            eds_cluster_config={"eds_config": ADS},
            connect_timeout=duration(1),
            **more,
        )
        return CLUSTER, resource(name, message)

    def endpoint(self, name: str) -> tuple[str, Resource]:
        socket = {"address": "127.0.0.1", "port_value": self.upstream_port}
        host = {"endpoint": {"address": {"socket_address": socket}}}
        message = endpoint_pb2.ClusterLoadAssignment(cluster_name=name, endpoints=[{"lb_endpoints": [host]}])
        return ENDPOINT, resource(name, message)


def virtual_host(name: str, cluster: str, *domains: str, **route: Any) -> tuple[str, Resource]:
    action = {"match": {"prefix": "/"}, "route": {"cluster": cluster}, **route}
    message = route_components_pb2.VirtualHost(name=f"80/{name}", domains=domains or [name], routes=[action])
    ref = ObjectRef("VirtualService", "shop", name)
    return VIRTUAL_HOST, resource(f"80/{name}", message, [ref])


def route_configuration(**more: Any) -> tuple[str, Resource]:
    message = route_pb2.RouteConfiguration(name="80", vhds={"config_source": ADS}, **more)
    return ROUTE, resource("80", message)


def http_listener(name: str, port: int, **chain: Any) -> tuple[str, Resource]:
    manager = hcm_pb2.HttpConnectionManager(
        stat_prefix=name,
        rds={"route_config_name": "80", "config_source": ADS},
        http_filters=[extension("envoy.filters.http.router", router_pb2.Router())],
    )
    filters = [extension("envoy.filters.network.http_connection_manager", manager)]
    message = listener_pb2.Listener(
        name=name,
        address={"socket_address": {"address": "127.0.0.1", "port_value": port}},
        filter_chains=[{"filters": filters, **chain}],
    )
    return LISTENER, resource(name, message)


def server_tls() -> dict[str, Any]:
    context = tls_pb2.DownstreamTlsContext(
        require_client_certificate={"value": False},
        common_tls_context={
            "tls_certificate_sds_secret_configs": [{"name": "default", "sds_config": ADS}],
            "validation_context_sds_secret_config": {"name": "ROOTCA", "sds_config": ADS},
        },
    )
    return extension("envoy.transport_sockets.tls", context)


def bootstrap(port: int, root_pem: bytes, token: Path, api_type: str) -> str:
    from_file = {
        "@type": "type.googleapis.com/envoy.config.grpc_credential.v3.FileBasedMetadataConfig",
        "secret_data": {"filename": str(token)},
        "header_key": "authorization",
        "header_prefix": "Bearer ",
    }
    google_grpc = {
        "target_uri": f"localhost:{port}",
        "stat_prefix": "ads",
        "channel_credentials": {
            "ssl_credentials": {"root_certs": {"inline_bytes": base64.b64encode(root_pem).decode()}}
        },
        "credentials_factory_name": "envoy.grpc_credentials.file_based_metadata",
        "call_credentials": [
            {"from_plugin": {"name": "envoy.grpc_credentials.file_based_metadata", "typed_config": from_file}}
        ],
    }
    return json.dumps(
        {
            "node": {"id": NODE, "cluster": "cart"},
            "admin": {"address": {"socket_address": {"address": "127.0.0.1", "port_value": ADMIN_PORT}}},
            "dynamic_resources": {
                "ads_config": {
                    "api_type": api_type,
                    "transport_api_version": "V3",
                    "grpc_services": [{"google_grpc": google_grpc}],
                },
                "cds_config": {"ads": {}, "resource_api_version": "V3"},
                "lds_config": {"ads": {}, "resource_api_version": "V3"},
            },
        }
    )


@asynccontextmanager
async def running(
    tmp_path: Path, ttl: timedelta = timedelta(hours=24), api_type: str = "DELTA_GRPC"
) -> AsyncIterator[tuple[Mesh, int]]:
    """A mesh and its server's port; an Envoy is connected to it."""
    mesh = Mesh(ttl)
    upstream = await asyncio.start_server(answer_ok, "127.0.0.1", 0)
    mesh.upstream_port = upstream.sockets[0].getsockname()[1]
    server = mesh.server()
    shown = mesh.shown
    port = server.listen_tls("localhost:0", lambda: (shown.certificate_pem, shown.private_key_pem))
    await server.start()
    renewal = asyncio.create_task(mesh.publisher.renew_certificates(ttl / 20))
    token = tmp_path / "token"
    token.write_text("the token")
    config = tmp_path / "bootstrap.json"
    config.write_text(bootstrap(port, mesh.authority.root_pem, token, api_type))
    log = (tmp_path / "envoy.log").open("wb")
    envoy = await asyncio.create_subprocess_exec(
        ensure("envoy"), "-c", config, "--concurrency", "1", "--use-dynamic-base-id",
        "--log-level", "info", "--drain-time-s", "1", stdout=log, stderr=log,
    )  # fmt: skip
    try:
        yield mesh, port
    finally:
        envoy.kill()
        await envoy.wait()
        log.close()
        renewal.cancel()
        await server.stop(0.1)
        upstream.close()
        await upstream.wait_closed()


async def answer_ok(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while await reader.readuntil(b"\r\n\r\n"):
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    finally:
        writer.close()


async def get(host: str, port: int = PROXY_PORT, path: str = "/") -> tuple[int, str]:
    """(status, body); status 0 when there is no connection."""
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return 0, ""
    try:
        writer.write(f"GET {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n".encode())
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        length = re.search(r"content-length: (\d+)", head)  # Envoy is in no hurry to close the connection
        body = await (reader.readexactly(int(length[1])) if length else reader.read())
        return int(head.split()[1]), body.decode()
    except asyncio.IncompleteReadError:
        return 0, ""
    finally:
        writer.close()
        await writer.wait_closed()


async def eventually(check: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(WAIT_SECONDS):
        while not await check():
            await asyncio.sleep(0.01)


async def must_become(host: str, status: int) -> None:
    async def check() -> bool:
        return (await get(host))[0] == status

    await eventually(check)


async def must_settle(mesh: Mesh) -> None:
    async def check() -> bool:
        return all(not (s.pending or s.retry or s.in_flight) for s in mesh.stream.subscriptions.values())

    await eventually(check)


def shop(mesh: Mesh) -> list[tuple[str, Resource | str]]:
    return [
        mesh.cluster("a"),
        mesh.endpoint("a"),
        http_listener("http", PROXY_PORT),
        route_configuration(),
        virtual_host("svc1", "a"),
        virtual_host("svc2", "a"),
    ]


@BOTH_DIALECTS
@pytest.mark.asyncio
async def test_routes_by_virtual_host_are_served_changed_and_removed(tmp_path: Path, api_type: str) -> None:
    async with running(tmp_path, api_type=api_type) as (mesh, _):
        mesh.apply(*shop(mesh))
        await must_become("svc1", 200)
        assert await get("svc3") == (404, "")
        mesh.apply(virtual_host("svc3", "a"))
        await must_become("svc3", 200)
        mesh.apply(virtual_host("svc1", "a", route={}, direct_response={"status": 418}))
        await must_become("svc1", 418)
        mesh.apply((VIRTUAL_HOST, "80/svc1"))
        await must_become("svc1", 404)
        assert (await get("svc2"))[0] == 200
        assert mesh.counts.refusals == []


@BOTH_DIALECTS
@pytest.mark.asyncio
async def test_a_bad_virtual_host_among_good_ones_is_isolated(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, api_type: str
) -> None:
    """Envoy refuses a whole response for one bad virtual host: the good ones must get through all the
    same.
    """
    broken = {"match": {"safe_regex": {"regex": "("}}}
    async with running(tmp_path, api_type=api_type) as (mesh, _):
        mesh.apply(*shop(mesh))
        await must_become("svc1", 200)
        good = [virtual_host(f"more{i}", "a") for i in range(6)]
        mesh.apply(*good, virtual_host("svc1", "a", **broken))
        for i in range(6):
            await must_become(f"more{i}", 200)
        await must_settle(mesh)
        assert (await get("svc1"))[0] == 200, "the last good one stays"
        assert list(mesh.stream.subscriptions[VIRTUAL_HOST].refused) == ["80/svc1"]
        assert (VIRTUAL_HOST, True) in mesh.counts.refusals
        assert "made from VirtualService shop/svc1" in caplog.text
        before = mesh.stream.subscriptions[VIRTUAL_HOST].nacked
        mesh.apply(virtual_host("later", "a"))
        await must_become("later", 200)
        assert mesh.stream.subscriptions[VIRTUAL_HOST].nacked == before
        mesh.apply(virtual_host("svc1", "a", route={}, direct_response={"status": 418}))
        await must_become("svc1", 418)
        await must_settle(mesh)
        assert mesh.stream.subscriptions[VIRTUAL_HOST].settled


@pytest.mark.asyncio
async def test_a_bad_virtual_host_at_the_start_does_not_keep_the_listener_away(tmp_path: Path) -> None:
    async with running(tmp_path) as (mesh, _):
        mesh.apply(*shop(mesh), virtual_host("bad", "a", "svc1"))
        await must_become("svc2", 200)
        await must_settle(mesh)
        refused = list(mesh.stream.subscriptions[VIRTUAL_HOST].refused)
        assert len(refused) == 1, "two hosts with one domain: only one of them"


@BOTH_DIALECTS
@pytest.mark.asyncio
async def test_a_bad_cluster_or_listener_harms_no_other(tmp_path: Path, api_type: str) -> None:
    async with running(tmp_path, api_type=api_type) as (mesh, _):
        mesh.apply(
            *shop(mesh),
            mesh.cluster("bad", lb_policy=cluster_pb2.Cluster.CLUSTER_PROVIDED),
            http_listener("http-bad", PROXY_PORT),
        )
        await must_become("svc1", 200)
        await must_settle(mesh)
        assert list(mesh.stream.subscriptions[CLUSTER].refused) == ["bad"]
        assert len(mesh.stream.subscriptions[LISTENER].refused) == 1
        mesh.apply(mesh.cluster("b"), mesh.endpoint("b"), virtual_host("svc3", "b"))
        await must_become("svc3", 200)


@dataclass
class Load:
    """Steady requests to one host; `failures` are statuses other than 200."""

    total: int = 0
    failures: list[int] = field(default_factory=list)

    async def run(self, host: str) -> None:
        while True:
            status, _ = await get(host)
            self.total += 1
            if status != 200:
                self.failures.append(status)


@asynccontextmanager
async def under_load(host: str) -> AsyncIterator[Load]:
    load = Load()
    users = [asyncio.create_task(load.run(host)) for _ in range(4)]
    try:
        await asyncio.sleep(0.1)
        yield load
        await asyncio.sleep(0.3)
    finally:
        for user in users:
            user.cancel()
        await asyncio.gather(*users, return_exceptions=True)


@BOTH_DIALECTS
@pytest.mark.asyncio
async def test_clusters_that_come_change_and_go_with_their_routes_lose_no_request(
    tmp_path: Path, api_type: str
) -> None:
    async with running(tmp_path, api_type=api_type) as (mesh, _):
        mesh.apply(*shop(mesh))
        await must_become("svc1", 200)
        async with under_load("svc1") as load:
            old = "a"
            for number in range(20):
                new = f"c{number}"
                mesh.apply(
                    virtual_host("svc1", new), mesh.cluster(new), mesh.endpoint(new),
                    virtual_host("svc2", new), (CLUSTER, old), (ENDPOINT, old),
                )  # fmt: skip
                await must_settle(mesh)
                mesh.apply(mesh.cluster(new, per_connection_buffer_limit_bytes={"value": 32768 + number}))
                await must_settle(mesh)
                old = new
        assert load.total > 100
        assert load.failures == []
        assert mesh.counts.refusals == []
        assert not mesh.stream.subscriptions[CLUSTER].removals
        assert await envoy_clusters() == {old}


@pytest.mark.asyncio
async def test_domains_and_addresses_move_from_what_goes_to_what_comes(tmp_path: Path) -> None:
    """Removals travel with additions here: apart, either order would leave a gap or be refused as a
    duplicate.
    """
    async with running(tmp_path) as (mesh, _):
        mesh.apply(*shop(mesh))
        await must_become("svc1", 200)
        async with under_load("svc1") as load:
            mesh.apply((VIRTUAL_HOST, "80/svc1"), virtual_host("heir", "a", "svc1"))
            await must_settle(mesh)
            mesh.apply((LISTENER, "http"), http_listener("http-heir", PROXY_PORT))
            await must_settle(mesh)
        assert load.failures == []
        assert mesh.counts.refusals == []


async def envoy_clusters() -> set[str]:
    _, dump = await get("localhost", ADMIN_PORT, "/clusters?format=json")
    text = dump[dump.index("{") : dump.rindex("}") + 1]  # without the marks of the chunks
    return {status["name"] for status in json.loads(text).get("cluster_statuses", [])}


async def warming_clusters() -> int:
    _, stats = await get("localhost", ADMIN_PORT, "/stats?filter=cluster_manager.warming_clusters")
    return int(stats.partition(":")[2].split()[0])


@BOTH_DIALECTS
@pytest.mark.asyncio
async def test_an_updated_cluster_is_taken_into_use(tmp_path: Path, api_type: str) -> None:
    async with running(tmp_path, api_type=api_type) as (mesh, _):
        mesh.apply(*shop(mesh))
        await must_become("svc1", 200)
        mesh.apply(mesh.cluster("a", per_connection_buffer_limit_bytes={"value": 4096}))
        await must_settle(mesh)

        async def warmed() -> bool:
            return await warming_clusters() == 0

        await eventually(warmed)


@pytest.mark.asyncio
async def test_a_changed_route_configuration_keeps_its_virtual_hosts(tmp_path: Path) -> None:
    async with running(tmp_path) as (mesh, _):
        mesh.apply(*shop(mesh))
        await must_become("svc1", 200)
        async with under_load("svc1") as load:
            for name in ("x-one", "x-two"):
                mesh.apply(route_configuration(internal_only_headers=[name]))
                await must_settle(mesh)
        assert load.failures == []
        assert mesh.stream.subscriptions[VIRTUAL_HOST].sent == 1


@pytest.mark.asyncio
async def test_a_route_configuration_without_virtual_hosts_does_not_hold_up_its_listener(
    tmp_path: Path,
) -> None:
    async with running(tmp_path) as (mesh, _):
        mesh.apply(http_listener("http", PROXY_PORT), route_configuration())
        async with asyncio.timeout(5):
            await must_become("any", 404)
        mesh.apply(virtual_host("svc1", "a", route={}, direct_response={"status": 200}))
        await must_become("svc1", 200)


async def shown_certificate() -> x509.Certificate | None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", TLS_PORT, ssl=context)
    except OSError:
        return None
    der = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
    writer.close()
    return x509.load_der_x509_certificate(der)


@BOTH_DIALECTS
@pytest.mark.asyncio
async def test_the_workloads_certificate_comes_over_sds_and_is_renewed(tmp_path: Path, api_type: str) -> None:
    async with running(tmp_path, ttl=timedelta(seconds=4), api_type=api_type) as (mesh, _):
        mesh.apply(*shop(mesh), http_listener("tls", TLS_PORT, transport_socket=server_tls()))
        serials: set[int] = set()

        async def seen() -> bool:
            certificate = await shown_certificate()
            if certificate is not None:
                san = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
                uris = san.get_values_for_type(x509.UniformResourceIdentifier)
                assert uris == ["spiffe://cluster.local/ns/shop/sa/cart"]
                serials.add(certificate.serial_number)
            elif serials:
                pytest.fail("the listener went away while its certificate was renewed")
            return len(serials) == 3

        await eventually(seen)
        assert mesh.stream.subscriptions[SECRET].nacked == 0


@pytest.mark.asyncio
async def test_a_proxy_that_comes_back_is_sent_only_what_changed_meanwhile(tmp_path: Path) -> None:
    async with running(tmp_path) as (mesh, _):
        mesh.apply(*shop(mesh))
        await must_become("svc1", 200)
        async with under_load("svc2") as load:
            first = mesh.stream
            first.close()

            async def back() -> bool:
                return bool(mesh.publisher.streams) and mesh.stream is not first

            while mesh.publisher.streams:
                await asyncio.sleep(0)
            mesh.apply(
                virtual_host("svc1", "b"), mesh.cluster("b"), mesh.endpoint("b"), virtual_host("svc2", "b"),
                (CLUSTER, "a"), (ENDPOINT, "a"), virtual_host("svc3", "b"),
            )  # fmt: skip
            await eventually(back)
            await must_become("svc3", 200)

            async def removed() -> bool:
                return await envoy_clusters() == {"b"}

            await eventually(removed)
        assert load.failures == []
        subscriptions = mesh.stream.subscriptions
        assert subscriptions[ROUTE].sent == 0, "the route configuration had not changed"
        assert subscriptions[VIRTUAL_HOST].sent == 1


@pytest.mark.asyncio
async def test_a_stream_that_breaks_in_the_middle_of_a_push_leaves_nothing_stuck(tmp_path: Path) -> None:
    """Envoy does not ask for clusters again while one of them waits for its endpoints."""
    async with running(tmp_path) as (mesh, _):
        mesh.apply(*shop(mesh))
        await must_become("svc1", 200)
        async with under_load("svc1") as load:
            for number in range(4):
                before = mesh.stream
                new = f"c{number}"
                changed = mesh.cluster("a", per_connection_buffer_limit_bytes={"value": 4096 + number})
                mesh.apply(changed, mesh.cluster(new), mesh.endpoint(new), virtual_host("svc1", new))
                await asyncio.sleep(0.0005 * number)
                before.close()

                async def back(before: Stream = before) -> bool:
                    return any(stream is not before for stream in mesh.publisher.streams)

                await eventually(back)

                async def in_use(new: str = new) -> bool:
                    return new in await envoy_clusters() and await warming_clusters() == 0

                await eventually(in_use)
                await must_settle(mesh)
        assert load.failures == []


@pytest.mark.asyncio
async def test_a_wrong_token_gets_nothing(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async with running(tmp_path) as (mesh, _):
        (tmp_path / "token").write_text("another token")
        mesh.apply(*shop(mesh))
        await asyncio.sleep(1)
        assert mesh.publisher.streams == ()
        assert "not a token of the test" in caplog.text
