"""The admin API, monitoring, and the webhooks' TLS."""

import asyncio
import logging
import ssl
from datetime import timedelta

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from envoy.config.route.v3 import route_components_pb2

from meshd.model.reference import ObjectRef
from meshd.model.resource import CLUSTER, SECRET, TYPE_URLS, VIRTUAL_HOST, Resource
from meshd.model.service import Proxy, Workload
from meshd.networking.engine import Lease
from meshd.networking.proto import resource
from meshd.networking.scopes import proxy_scope
from meshd.networking.secrets import tls_certificate_secret
from meshd.pki.authority import CertificateAuthority, create_root
from meshd.runtime import logs, metrics
from meshd.runtime.admin import build_admin_app, describe
from meshd.runtime.monitoring import build_monitoring_app
from meshd.runtime.serving import ServingCertificate, server_context
from meshd.xds.stream import Stream
from meshd.xds.view import View
from meshd.xds.wire import Request

NODE = "sidecar~10.0.0.1~cart-1.shop~d"
HOST = resource(
    "80/cart",
    route_components_pb2.VirtualHost(name="80/cart", domains=["cart"]),
    [ObjectRef("VirtualService", "shop", "cart")],
)


@pytest.fixture
def stream() -> Stream:
    collections: dict[str, dict[str, Resource]] = {type_url: {} for type_url in TYPE_URLS}
    collections[CLUSTER]["a"] = Resource("a", "1", b"-")
    collections[VIRTUAL_HOST]["80/cart"] = HOST
    proxy = Proxy(NODE, "sidecar", Workload("shop", "cart-1", "u1", "10.0.0.1", (), "cart", "cart", True))
    lease = Lease(proxy_scope(proxy), {t: (t,) for t in TYPE_URLS})
    view = View(lease, {t: (c,) for t, c in collections.items()})
    view.own["default"] = tls_certificate_secret("default", b"chain", b"private")
    return Stream(proxy, view)


def test_the_state_of_a_type_follows_the_proxys_answers(stream: Stream) -> None:
    def clusters() -> dict[str, object]:
        found: dict[str, object] = describe(stream)["types"]["Cluster"]
        return found

    assert describe(stream)["types"] == {}
    stream.receive(Request(CLUSTER))
    response = stream.next()
    assert response is not None
    assert (clusters()["sent"], clusters()["acked"], clusters()["state"]) == (1, 0, "STALE")
    stream.receive(Request(CLUSTER, nonce=response.nonce, error="no good"))
    assert (clusters()["nacked"], clusters()["state"], clusters()["error"]) == (1, "NACKED", "no good")
    stream.view.collections[CLUSTER][0]["a"] = Resource("a", "2", b"-")
    stream.changed(CLUSTER, [("a", False)])
    response = stream.next()
    assert response is not None
    stream.receive(Request(CLUSTER, nonce=response.nonce))
    assert (clusters()["acked"], clusters()["state"], clusters()["error"]) == (1, "SYNCED", "")


@pytest.mark.asyncio
async def test_the_admin_api_lists_and_dumps_proxies(stream: Stream) -> None:
    async with TestClient(TestServer(build_admin_app(lambda: [stream], lambda: 1))) as client:
        (proxy,) = await (await client.get("/proxies")).json()
        assert (proxy["node_id"], proxy["pod"], proxy["namespace"]) == (NODE, "cart-1", "shop")
        versions = await (await client.get("/config/cart-1.shop")).json()
        assert versions["Cluster"] == {"a": "1"}
        (host,) = await (await client.get("/config/cart-1.shop?type=VirtualHost")).json()
        assert host["resource"]["domains"] == ["cart"]
        assert host["sources"] == ["VirtualService shop/cart"]
        assert (await client.get("/config/cart-2.shop")).status == 404
        assert (await client.get("/config/cart-1.shop?type=Nothing")).status == 400
        assert (await client.get("/healthz")).status == 200


@pytest.mark.asyncio
async def test_private_keys_are_not_dumped(stream: Stream) -> None:
    async with TestClient(TestServer(build_admin_app(lambda: [stream], lambda: 1))) as client:
        text = await (await client.get("/config/cart-1.shop?type=Secret")).text()
    assert '"default"' in text
    assert "resource" not in text
    assert SECRET not in text


@pytest.mark.asyncio
async def test_readiness_and_metrics_are_served() -> None:
    reasons = ["reading"]
    async with TestClient(TestServer(build_monitoring_app(lambda: reasons[0]))) as client:
        answer = await client.get("/ready")
        assert (answer.status, await answer.text()) == (503, "reading\n")
        reasons[0] = ""
        assert (await client.get("/ready")).status == 200
        metrics.XdsMetrics().streams(3)
        text = await (await client.get("/metrics")).text()
        for name in ("meshd_push_seconds_bucket", "meshd_xds_streams 3.0", "process_resident_memory_bytes"):
            assert name in text


def test_the_serving_certificate_is_renewed_at_half_of_its_life() -> None:
    authority = CertificateAuthority(*create_root("root", timedelta(days=2)))
    lasting = ServingCertificate(authority, ["meshd"])
    assert lasting.pem() == lasting.pem()
    ended = ServingCertificate(authority, ["meshd"], ttl=timedelta(seconds=0))
    assert ended.pem() != ended.pem()


@pytest.mark.asyncio
async def test_webhooks_are_served_with_a_certificate_that_clients_of_the_root_trust() -> None:
    authority = CertificateAuthority(*create_root("root", timedelta(days=2)))
    runner = web.AppRunner(build_monitoring_app(lambda: ""))
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=server_context(ServingCertificate(authority, ["localhost"])))
    await site.start()
    port = runner.addresses[0][1]
    trusting = ssl.create_default_context(cadata=authority.root_pem.decode())
    _, writer = await asyncio.open_connection("127.0.0.1", port, ssl=trusting, server_hostname="localhost")
    writer.close()
    await writer.wait_closed()
    await runner.cleanup()


def test_a_log_message_is_one_line() -> None:
    record = logging.LogRecord("meshd.xds.server", logging.INFO, "", 0, "a\nb %s", ("c",), None)
    line = logs.OneLine().format(record)
    assert line.endswith("Z INFO xds.server a b c")
