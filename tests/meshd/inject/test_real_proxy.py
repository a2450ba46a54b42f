"""Real Envoy with our bootstrap, in a network of its own: its health port, its metrics port and its draining."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Iterator

import pytest

import toolchain
from meshd.inject.bootstrap import BootstrapInputs, bootstrap_argument
from meshd.inject.gateway import inject_gateway
from meshd.inject.probes import ProbeKind, ProbeTarget
from meshd.inject.settings import InjectSettings

from .network_namespaces import Namespace, needs_namespaces
from .pods import CA_PEM, gateway_pod

pytestmark = needs_namespaces
PROBES = (
    ProbeTarget("/app-health/web/livez", ProbeKind.HTTP, 8080, "/live?deep=$(1)"),
    ProbeTarget("/app-health/web/readyz", ProbeKind.TCP, 8080, period=1),
    ProbeTarget("/app-health/gone/readyz", ProbeKind.TCP, 9999, period=1),
    ProbeTarget("/app-health/gone/livez", ProbeKind.GRPC, 9999, period=1),
)
APP = """
import http.server, socketserver
class App(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.end_headers()
        self.wfile.write(f"{self.path} for {self.headers['host']}".encode())
    def log_message(self, *_): pass
server = socketserver.TCPServer(("0.0.0.0", 8080), App)
print("ready", flush=True)
server.serve_forever()
"""


@pytest.fixture(scope="module")
def pod() -> Iterator[Namespace]:
    """An app and its proxy. There is no meshd, so the proxy is told not to wait for it without end."""
    envoy = toolchain.find("envoy")
    if envoy is None:
        pytest.skip("envoy is not in the cache: python -m toolchain ensure envoy")
    argument = bootstrap_argument(BootstrapInputs("127.0.0.1:15012", CA_PEM, PROBES))
    config = argument.replace("$(POD_IP)", "127.0.0.1").replace("$$", "$")
    config = config.replace('"initial_fetch_timeout":"0s"', '"initial_fetch_timeout":"0.05s"')
    namespace = Namespace()
    try:
        namespace.start("python3", "-c", APP)
        options = [
            "--service-node",
            "n",
            "--service-cluster",
            "c",
            "--log-level",
            "off",
            "--disable-hot-restart",
            "--drain-strategy",
            "immediate",
        ]
        namespace.start_quiet(str(envoy), "--concurrency", "1", *options, "--config-yaml", config)
        eventually(lambda: get(namespace, 15021, "/healthz/ready") == "200 LIVE")
        yield namespace
    finally:
        namespace.close()


def get(pod: Namespace, port: int, path: str, *options: str) -> str:
    """Status and start of the body; status 000 when nobody answers."""
    url = f"http://127.0.0.1:{port}{path}"
    command = ["nsenter", "-t", pod.pid, "-n", "curl", "-s", "-m", "5", "-w", "\n%{http_code}", *options, url]
    done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    body, _, status = done.stdout.rpartition("\n")
    return f"{status} {body[:1000].strip()}".strip()


def eventually(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + 15
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.1)


def test_an_http_probe_reaches_the_app_with_its_headers(pod: Namespace) -> None:
    answer = get(pod, 15021, "/app-health/web/livez", "-H", "Host: shop.example")
    assert answer == "200 /live?deep=$(1) for shop.example"


def test_a_tcp_probe_tells_whether_the_app_listens(pod: Namespace) -> None:
    eventually(lambda: get(pod, 15021, "/app-health/web/readyz") == "200")
    assert get(pod, 15021, "/app-health/gone/readyz") == "503"


def test_a_grpc_probe_of_nobody_fails(pod: Namespace) -> None:
    assert get(pod, 15021, "/app-health/gone/livez") == "503"


def test_metrics_and_nothing_else_of_the_admin_interface(pod: Namespace) -> None:
    assert get(pod, 15090, "/stats/prometheus").startswith("200 # TYPE envoy_")
    for path in ("/", "/stats", "/config_dump", "/quitquitquit"):
        assert get(pod, 15090, path) == "404"
        assert get(pod, 15021, path) == "404"
    assert get(pod, 15090, "/stats/prometheus", "-X", "POST") == "404"


def test_a_gateway_that_ends_asks_its_clients_to_leave_and_goes_on_serving(pod: Namespace) -> None:
    injected = inject_gateway(gateway_pod(), "istio-system", CA_PEM, InjectSettings(proxy_image="i"))
    command = injected["spec"]["containers"][0]["lifecycle"]["preStop"]["exec"]["command"]
    script = command[-1].replace("sleep 15", "true")
    assert "200 OK" in pod.run(*command[:-1], script)
    assert "connection: close" in get(pod, 15021, "/healthz/ready", "-i")
