"""The control planes that are compared, each a process on loopback beside the same API server."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from aiohttp import ClientError, ClientSession, ClientTimeout

from benchmarks.propagation.api_server import ApiServer
from benchmarks.propagation.certificates import self_signed
from benchmarks.propagation.child import Child, free_port, started
from benchmarks.propagation.failure import BenchmarkError
from benchmarks.propagation.objects import SYSTEM_NAMESPACE
from toolchain import ensure
from toolchain.paths import repo_root

QUIET_SECONDS = 12.0
"""Longer than meshd waits for a verdict to last."""
SETTLE_SECONDS = 600.0
CLIENTS = {"PILOT_MAX_REQUESTS_PER_SECOND": "1.7976931348623157e308"}
"""The largest number stands for no limit. istiod's own here is 25 proxies a second, which would make the run
longer, not the result other; with any other number it ends streams whose turn does not come within a second.
"""
ALONE = {
    "POD_NAME": "istiod",
    "POD_NAMESPACE": SYSTEM_NAMESPACE,
    "ENABLE_LEADER_ELECTION": "false",
    "INJECT_ENABLED": "false",
    "VALIDATION_WEBHOOK_CONFIG_NAME": "",
    "INJECTION_WEBHOOK_CONFIG_NAME": "",
}
"""Outside a cluster: one replica without webhooks."""
UPSTREAM_ENVOY = {
    "PILOT_ENABLE_METADATA_EXCHANGE": "false",
    "PILOT_ENABLE_ALPN_FILTER": "false",
    "PILOT_DISABLE_MX_ALPN": "true",
}
"""Nothing in the configuration that only Istio's own build of Envoy knows: meshd sends none of it either."""


@dataclass(frozen=True)
class ControlPlane:
    """`environment` is laid over the one every istiod gets; meshd has none."""

    name: str
    about: str
    environment: Mapping[str, str] = field(default_factory=dict)


MESHD = ControlPlane("meshd", "as it is deployed")
ISTIOD_TUNED = ControlPlane(
    "istiod-1ms",
    "PILOT_DEBOUNCE_AFTER=1ms, endpoints without debounce",
    {"PILOT_DEBOUNCE_AFTER": "1ms", "PILOT_ENABLE_EDS_DEBOUNCE": "false"},
)
ISTIOD = ControlPlane("istiod", "default debounce of 100 ms")
CONTROL_PLANES = {each.name: each for each in (MESHD, ISTIOD_TUNED, ISTIOD)}


@dataclass(frozen=True)
class Running:
    """`port` serves delta ADS in plain text on loopback, `metrics` is a URL, empty for one that writes no statuses."""

    child: Child
    port: int
    metrics: str = ""

    async def settled(self) -> None:
        """Return when no status has been written for a while: all are, anew, when proxies have come.

        Raises BenchmarkError.
        """
        deadline = time.monotonic() + SETTLE_SECONDS
        before, since = -1.0, time.monotonic()
        async with ClientSession(timeout=ClientTimeout(total=5)) as session:
            while self.metrics and time.monotonic() - since < QUIET_SECONDS:
                if time.monotonic() > deadline:
                    raise BenchmarkError(f"statuses are still being written after {SETTLE_SECONDS:g} s")
                try:
                    async with session.get(self.metrics) as response:
                        written = _status_writes(await response.text())
                except (ClientError, TimeoutError) as error:
                    raise BenchmarkError(f"{self.metrics} does not answer: {error}") from None
                if written != before:
                    before, since = written, time.monotonic()
                await asyncio.sleep(1)


def _status_writes(metrics: str) -> float:
    lines = (line for line in metrics.splitlines() if line.startswith("meshd_status_writes_total"))
    return sum(float(line.rpartition(" ")[2]) for line in lines)


@asynccontextmanager
async def running(which: ControlPlane, server: ApiServer, folder: Path) -> AsyncIterator[Running]:
    """Run it until the end of the block. Enters when it says that it is ready. Raises BenchmarkError, UserError."""
    folder.mkdir(parents=True)
    argv, port, ready = _meshd(server, folder) if which is MESHD else _istiod(server, folder)
    environment = {} if which is MESHD else {**ALONE, **UPSTREAM_ENVOY, **CLIENTS, **which.environment}
    environment["PYTHONPATH"] = str(repo_root())
    async with started(which.name, argv, folder / "log", environment) as child:
        await child.ready(ready)
        try:
            yield Running(child, port, ready.replace("/ready", "/metrics") if which is MESHD else "")
        except BenchmarkError as error:
            child.check()
            raise BenchmarkError(f"{error}; {which.name} still runs, its log ends:\n{child.last_lines()}") from None


def _meshd(server: ApiServer, folder: Path) -> tuple[list[str], int, str]:
    for path, content in zip((folder / "tls.crt", folder / "tls.key"), self_signed("root"), strict=True):
        path.write_bytes(content)
    settings = folder / "mesh.yaml"
    settings.write_text("{}\n")
    port, monitoring = free_port(), free_port()
    argv = [
        sys.executable, "-m", "meshd", "--config", str(settings), "--ca", str(folder),
        "--kubeconfig", str(server.kubeconfig), "--insecure-xds", f"127.0.0.1:{port}",
        "--xds", f"127.0.0.1:{free_port()}", "--http-host", "127.0.0.1", "--monitoring-port", str(monitoring),
        "--webhook-port", str(free_port()), "--admin-port", str(free_port()), "--log-level", "warning",
    ]  # fmt: skip
    return argv, port, f"http://127.0.0.1:{monitoring}/ready"


def _istiod(server: ApiServer, folder: Path) -> tuple[list[str], int, str]:
    mesh_config = folder / "mesh.yaml"
    mesh_config.write_text(json.dumps({"defaultProviders": {}, "enablePrometheusMerge": False}))
    ports = [free_port() for _ in range(5)]
    http, https, grpc, secure, monitoring = (f"127.0.0.1:{port}" for port in ports)
    argv = [
        str(ensure("istiod") / "pilot-discovery"), "discovery", "--kubeconfig", str(server.kubeconfig),
        "--meshConfig", str(mesh_config), "--networksConfig", str(folder / "none"), "--clusterID", "Kubernetes",
        "-n", SYSTEM_NAMESPACE, "--httpAddr", http, "--httpsAddr", https, "--grpcAddr", grpc,
        "--secureGRPCAddr", secure, "--monitoringAddr", monitoring, "--ctrlz_port", "0", "--profile=false",
        "--log_output_level", "default:error",
    ]  # fmt: skip
    return argv, ports[2], f"http://{http}/ready"
