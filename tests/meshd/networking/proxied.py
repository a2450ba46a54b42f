"""A workload's inbound HTTP filters in a real Envoy, in plaintext, before an upstream that says what it was sent.

What takes a certificate or a cluster is the conformance suite's matter; here the proxy answers by itself, with
the headers of the request in the body.
"""

import http.client
import json
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from meshd.networking.engine import Engine
from tests.meshd.networking.mesh_of import resources_of
from tests.ports import free_ports
from toolchain import ensure

START_SECONDS = 20.0
ECHOED = ("authorization", "x-payload", "x-claim", "x-added", "cookie")
MANAGER = "envoy.filters.network.http_connection_manager"


@dataclass(frozen=True)
class Answer:
    status: int
    body: str
    headers: Mapping[str, str]

    @property
    def seen(self) -> dict[str, str | None]:
        """What the upstream was sent of ECHOED, and the path; None for what was not there."""
        found: dict[str, str | None] = json.loads(self.body)
        return found


@dataclass(frozen=True)
class Proxy:
    port: int
    log: Path

    def get(self, path: str = "/", method: str = "GET", **headers: str) -> Answer:
        """Send one request as it is; `_` in a header's name stands for `-`."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            sent = {name.replace("_", "-"): value for name, value in headers.items()}
            connection.putrequest(method, path, skip_host="host" in sent, skip_accept_encoding=True)
            for name, value in sent.items():
                connection.putheader(name, value)
            connection.endheaders()
            response = connection.getresponse()
            return Answer(response.status, response.read().decode(), dict(response.getheaders()))
        finally:
            connection.close()

    def lines(self) -> list[dict[str, Any]]:
        """What the proxy wrote as JSON so far."""
        return [json.loads(line) for line in self.log.read_text().splitlines() if line.startswith("{")]


@contextmanager
def proxied(
    engine: Engine, folder: Path, workload: str = "shop/frontend-1", clusters: Mapping[str, int] | None = None
) -> Iterator[Proxy]:
    """`clusters`: local ports for clusters of the workload's, by their names."""
    (port,) = free_ports(1)
    bootstrap = folder / "bootstrap.json"
    bootstrap.write_text(json.dumps(_bootstrap(engine, workload, port, clusters or {})))
    log = folder / "log"
    with log.open("w") as out:
        command = [ensure("envoy"), "-c", bootstrap, "-l", "warning", "--concurrency", "1", "--base-id", str(port)]
        process = subprocess.Popen([str(word) for word in command], stdout=out, stderr=subprocess.STDOUT)
        try:
            _wait_for(port, process, log)
            yield Proxy(port, log)
        finally:
            process.terminate()
            process.wait()


def _bootstrap(engine: Engine, workload: str, port: int, clusters: Mapping[str, int]) -> dict[str, Any]:
    made = resources_of(engine, workload)
    chains = made["Listener"]["virtualInbound"]["filterChains"]
    chain = next(c for c in chains if c["name"].endswith("_plaintext") and c["filters"][-1]["name"] == MANAGER)
    manager = chain["filters"][-1]["typedConfig"]
    manager.pop("tracing", None)
    manager["routeConfig"] = _route()
    listener = {
        "name": "tested",
        "address": {"socket_address": {"address": "127.0.0.1", "port_value": port}},
        "filter_chains": [{"filters": chain["filters"]}],
    }
    own = [cluster for name, cluster in made["Cluster"].items() if name.startswith(("jwks|", "BlackHole"))]
    static = [_static(name, target, made["Cluster"]) for name, target in clusters.items()]
    return {
        "static_resources": {"listeners": [listener], "clusters": [*own, *static]},
        "stats_config": {"stats_matcher": {"reject_all": True}},
        "bootstrap_extensions": [],
    }


def _route() -> dict[str, Any]:
    body = {name: f"%REQ({name})%" for name in (*ECHOED, ":path")}
    route = {
        "match": {"prefix": "/"},
        "direct_response": {"status": 200, "body_format": {"json_format": body}},
    }
    return {"name": "tested", "virtual_hosts": [{"name": "all", "domains": ["*"], "routes": [route]}]}


def _static(name: str, port: int, known: Mapping[str, Any]) -> dict[str, Any]:
    address = {"socket_address": {"address": "127.0.0.1", "port_value": port}}
    endpoint = {"lb_endpoints": [{"endpoint": {"address": address}}]}
    options = known[name].get("typedExtensionProtocolOptions", {})
    return {
        "name": name,
        "type": "STATIC",
        "load_assignment": {"cluster_name": name, "endpoints": [endpoint]},
        "typed_extension_protocol_options": options,
    }


def _wait_for(port: int, process: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            assert process.poll() is None, log.read_text()[-3000:]
            assert time.monotonic() < deadline, log.read_text()[-3000:]
            time.sleep(0.05)
