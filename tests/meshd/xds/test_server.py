"""The gRPC server with clients that misbehave, come back, or are sent away."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from typing import Any

import grpc
import pytest
from envoy.service.discovery.v3 import discovery_pb2
from grpc import aio

from meshd.model.resource import CLUSTER, ROUTE
from meshd.model.service import Proxy, Workload
from meshd.model.store import Store
from meshd.networking.engine import Engine
from meshd.pki.authority import CertificateAuthority, IssuedCertificate, create_root, serving_certificate
from meshd.pki.workload import WorkloadCertificates
from meshd.xds.authentication import PermissionDenied, ReviewUnavailable, Unauthenticated, parse_node_id
from meshd.xds.publisher import Publisher
from meshd.xds.server import DELTA, SERVICE, AdsServer

AUTHORITY = CertificateAuthority(*create_root("root", timedelta(days=2)))
FAILURES = {
    "none": Unauthenticated("no bearer token"),
    "thief": PermissionDenied("the token is that of another pod"),
    "away": ReviewUnavailable("the API server cannot be asked"),
}


class FakeAuthenticator:
    async def identify(self, authorization: str) -> str:
        if authorization in FAILURES:
            raise FAILURES[authorization]
        return authorization

    async def admit(self, identity: str, node_id: str) -> Proxy:
        node = parse_node_id(node_id)
        return Proxy(node_id, node.kind, Workload(node.namespace, node.pod, "u", "", (), "sa", "w", True))


class Silent:
    def streams(self, count: int) -> None: ...

    def pushed(self, seconds: float) -> None: ...

    def refused(self, type_url: str, isolated: bool) -> None: ...


@asynccontextmanager
async def serving() -> AsyncIterator[tuple[AdsServer[str], Publisher, aio.Channel]]:
    publisher = Publisher(Engine(Store(), ()), WorkloadCertificates(AUTHORITY, "d"))
    server = AdsServer(publisher, FakeAuthenticator(), Silent())
    port = server.listen_plaintext("127.0.0.1:0")
    await server.start()
    try:
        async with aio.insecure_channel(f"127.0.0.1:{port}") as channel:
            yield server, publisher, channel
    finally:
        await server.stop(0.01)


def open_stream(channel: aio.Channel, authorization: str = "good") -> Any:
    return channel.stream_stream(f"/{SERVICE}/{DELTA}")(metadata=(("authorization", authorization),))


def request(node: str = "sidecar~10.0.0.1~cart-1.shop~d", type_url: str = CLUSTER) -> bytes:
    message = discovery_pb2.DeltaDiscoveryRequest(type_url=type_url)
    message.node.id = node
    raw: bytes = message.SerializeToString()
    return raw


@pytest.mark.asyncio
async def test_a_stream_is_answered() -> None:
    async with serving() as (_, publisher, channel):
        stream = open_stream(channel)
        await stream.write(request())
        answer = discovery_pb2.DeltaDiscoveryResponse.FromString(await stream.read())
        assert answer.type_url == CLUSTER
        assert len(publisher.streams) == 1
        stream.cancel()


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("authorization", "node", "code"),
    [
        ("none", "sidecar~i~a.b~d", grpc.StatusCode.UNAUTHENTICATED),
        ("thief", "sidecar~i~a.b~d", grpc.StatusCode.PERMISSION_DENIED),
        ("away", "sidecar~i~a.b~d", grpc.StatusCode.UNAVAILABLE),
        ("good", "not a node id", grpc.StatusCode.PERMISSION_DENIED),
    ],
)
async def test_who_is_not_admitted_hears_why(authorization: str, node: str, code: grpc.StatusCode) -> None:
    async with serving() as (_, publisher, channel):
        stream = open_stream(channel, authorization)
        with suppress(aio.AioRpcError):  # the refusal may be there before the request is written
            await stream.write(request(node))
        assert await stream.code() == code
        assert await stream.details()
        assert publisher.streams == ()


@pytest.mark.asyncio
async def test_garbage_is_refused() -> None:
    async with serving() as (_, publisher, channel):
        stream = open_stream(channel)
        await stream.write(b"\xff\xff\xff")
        assert await stream.code() == grpc.StatusCode.INVALID_ARGUMENT
        assert publisher.streams == ()


@pytest.mark.asyncio
async def test_a_stream_that_goes_on_as_another_node_is_closed() -> None:
    async with serving() as (_, publisher, channel):
        stream = open_stream(channel)
        await stream.write(request())
        await stream.read()
        await stream.write(request("sidecar~10.0.0.2~cart-2.shop~d", ROUTE))
        assert await stream.code() == grpc.StatusCode.PERMISSION_DENIED
        assert "cart-2" in await stream.details()
        assert publisher.streams == ()


@pytest.mark.asyncio
async def test_stopping_ends_streams_in_peace() -> None:
    async with serving() as (server, publisher, channel):
        streams = [open_stream(channel) for _ in range(5)]
        for stream in streams:
            await stream.write(request())
            await stream.read()
        assert len(publisher.streams) == 5
        async with asyncio.timeout(3):
            await server.stop(0.1)
            assert [await stream.code() for stream in streams] == [grpc.StatusCode.OK] * 5
        assert publisher.streams == ()


@pytest.mark.asyncio
async def test_new_connections_see_a_renewed_serving_certificate() -> None:
    issued = [serving_certificate(AUTHORITY, ["localhost"], timedelta(hours=1)) for _ in range(2)]
    shown: list[IssuedCertificate] = [issued[0]]
    publisher = Publisher(Engine(Store(), ()), WorkloadCertificates(AUTHORITY, "d"))
    server = AdsServer(publisher, FakeAuthenticator(), Silent())
    port = server.listen_tls("127.0.0.1:0", lambda: (shown[0].certificate_pem, shown[0].private_key_pem))
    await server.start()

    async def seen() -> bytes:
        context = ssl.create_default_context(cadata=AUTHORITY.root_pem.decode())
        context.set_alpn_protocols(["h2"])
        _, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context, server_hostname="localhost")
        der = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
        writer.close()
        return ssl.DER_cert_to_PEM_cert(der).encode()

    assert issued[0].certificate_pem.startswith(await seen())
    shown[0] = issued[1]
    assert issued[1].certificate_pem.startswith(await seen())
    await server.stop(0.01)
