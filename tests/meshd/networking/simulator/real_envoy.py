"""A real Envoy on loopback with the listeners and routes of simulated proxies, and upstreams that say what they got."""

import http.client
import json
import socket
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tests.meshd.networking.simulator.request import Request
from tests.ports import free_ports
from toolchain import ensure

Json = dict[str, Any]
WAIT_SECONDS = 20.0


class _Upstream(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1

    def _answer(self) -> None:
        headers = {name.lower(): ",".join(self.headers.get_all(name, ())) for name in self.headers}
        path = self.requestline.split()[1]  # self.path has no two slashes at its start
        said = {"port": self.connection.getsockname()[1], "path": path, "headers": headers}
        body = json.dumps(said).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_PUT = do_PATCH = _answer

    def log_message(self, format: str, *args: Any) -> None:
        pass


@dataclass(frozen=True)
class Answer:
    """What came back to the client, and for a request that was sent on, what arrived at which cluster."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    cluster: str = ""

    @property
    def arrived(self) -> Json:
        content: Json = json.loads(self.body)
        return content


@dataclass(frozen=True)
class RealEnvoy:
    ports: Mapping[tuple[str, int], int]
    """(name of a simulated proxy, port that requests are sent to): where its listener is on loopback."""
    clusters: Mapping[int, str]
    admin: int

    def send(self, proxy: str, request: Request) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self.ports[proxy, request.port], timeout=WAIT_SECONDS)
        try:
            connection.putrequest(request.method, request.path, skip_host=True, skip_accept_encoding=True)
            for name, value in {"host": request.host, **request.headers}.items():
                connection.putheader(name, value)
            connection.endheaders()
            response = connection.getresponse()
            body = response.read()
        finally:
            connection.close()
        headers = {name.lower(): value for name, value in response.getheaders()}
        sent_on = "x-envoy-upstream-service-time" in headers
        cluster = self.clusters[json.loads(body)["port"]] if sent_on else ""
        return Answer(response.status, headers, body, cluster)

    def statistics(self, pattern: str) -> dict[str, int]:
        connection = http.client.HTTPConnection("127.0.0.1", self.admin, timeout=WAIT_SECONDS)
        connection.request("GET", f"/stats?filter={pattern}")
        lines = connection.getresponse().read().decode().splitlines()
        connection.close()
        pairs = (line.rsplit(": ", 1) for line in lines)
        return {name: int(value) for name, value in pairs if value.isdecimal()}


@contextmanager
def real_envoy(proxies: Mapping[str, dict[str, Json]], tmp_path: Path) -> Iterator[RealEnvoy]:
    """Runs while the block does. `proxies` are resources by a name of the test's own."""
    wanted = [(name, port) for name, made in proxies.items() for port in _http_ports(made)]
    admin, *free = free_ports(1 + len(wanted))
    ports = dict(zip(wanted, free, strict=True))
    names = sorted({cluster for made in proxies.values() for cluster in made["Cluster"]})
    with ExitStack() as stack:
        servers = {name: stack.enter_context(_upstream()) for name in names}
        listeners = [_listener(proxies[name], port, f"{name} {port}", at) for (name, port), at in ports.items()]
        bootstrap = {
            "admin": {"address": _address(admin)},
            "static_resources": {
                "clusters": [_cluster(name, at) for name, at in servers.items()],
                "listeners": listeners,
            },
        }
        config, log = tmp_path / "envoy.json", stack.enter_context((tmp_path / "envoy.log").open("wb"))
        config.write_text(json.dumps(bootstrap))
        command: list[str | Path] = [
            ensure("envoy"),
            "-c",
            config,
            "--concurrency",
            "1",
            "--use-dynamic-base-id",
            "-l",
            "warning",
        ]
        envoy = stack.enter_context(subprocess.Popen(command, stdout=log, stderr=log))
        stack.callback(envoy.kill)
        _wait_for(free[-1], envoy, tmp_path / "envoy.log")
        yield RealEnvoy(ports, {at: name for name, at in servers.items()}, admin)


def _wait_for(port: int, envoy: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < deadline and envoy.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return
        except OSError:
            time.sleep(0.02)
    raise RuntimeError(f"Envoy does not listen: {log.read_text()[-2000:]}")


@contextmanager
def _upstream() -> Iterator[int]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Upstream)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()


def _http_ports(made: dict[str, Json]) -> list[int]:
    return sorted(int(name) for name in made["RouteConfiguration"] if f"0.0.0.0_{name}" in made["Listener"])


def _listener(made: dict[str, Json], port: int, name: str, at: int) -> Json:
    """The proxy's own HTTP filters and routes, without logs and traces, bound to loopback."""
    [chain] = made["Listener"][f"0.0.0.0_{port}"]["filterChains"]
    [network_filter] = chain["filters"]
    dropped = ("rds", "accessLog", "tracing")
    manager = {key: value for key, value in network_filter["typedConfig"].items() if key not in dropped}
    frame = {key: value for key, value in made["RouteConfiguration"][str(port)].items() if key != "vhds"}
    hosts = [host for key, host in made["VirtualHost"].items() if key.startswith(f"{port}/")]
    manager["routeConfig"] = {**frame, "virtualHosts": [*frame.get("virtualHosts", []), *hosts]}
    filters = [{**network_filter, "typedConfig": manager}]
    return {"name": name, "address": _address(at), "filterChains": [{"filters": filters}]}


def _cluster(name: str, at: int) -> Json:
    endpoint = {"endpoint": {"address": _address(at)}}
    assignment = {"cluster_name": name, "endpoints": [{"lb_endpoints": [endpoint]}]}
    return {"name": name, "type": "STATIC", "connect_timeout": "1s", "load_assignment": assignment}


def _address(port: int) -> Json:
    return {"socket_address": {"address": "127.0.0.1", "port_value": port}}
