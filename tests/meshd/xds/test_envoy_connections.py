"""A real Envoy that connects, comes back, is cut off, and gets certificates."""

import asyncio
import ssl
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509

from meshd.model.resource import (
    CLUSTER,
    ENDPOINT,
    ROUTE,
    SECRET,
    VIRTUAL_HOST,
)
from meshd.xds.stream import Stream

from .real_envoy import (
    envoy_clusters,
    eventually,
    must_become,
    must_settle,
    running,
    server_tls,
    under_load,
    warming_clusters,
)
from .served_mesh import (
    BOTH_DIALECTS,
    TLS_PORT,
    http_listener,
    shop,
    virtual_host,
)


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
