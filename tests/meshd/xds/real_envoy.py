"""A real Envoy over TLS at a served mesh, an upstream behind it, and what is asked of both."""

import asyncio
import base64
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from envoy.extensions.transport_sockets.tls.v3 import tls_pb2

from meshd.networking.proto import ADS, extension
from toolchain import ensure

from .served_mesh import (
    ADMIN_PORT,
    NODE,
    PROXY_PORT,
    WAIT_SECONDS,
    Mesh,
)


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
        return all(not (s.pending or s.search.groups or s.in_flight) for s in mesh.stream.subscriptions.values())

    await eventually(check)


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


async def envoy_clusters() -> set[str]:
    _, dump = await get("localhost", ADMIN_PORT, "/clusters?format=json")
    text = dump[dump.index("{") : dump.rindex("}") + 1]  # without the marks of the chunks
    return {status["name"] for status in json.loads(text).get("cluster_statuses", [])}


async def warming_clusters() -> int:
    _, stats = await get("localhost", ADMIN_PORT, "/stats?filter=cluster_manager.warming_clusters")
    return int(stats.partition(":")[2].split()[0])
