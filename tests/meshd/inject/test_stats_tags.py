"""Labels of Envoy's own stats, as a real Envoy makes them of names with dots."""

from __future__ import annotations

import json
import re
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

import toolchain
from meshd.inject.stats_tags import stats_tags
from tests.ports import free_ports

_TYPE = "type.googleapis.com/envoy.extensions.filters"
SERVICE, SUBSET = "outbound|80||default.upstream.svc.cluster.local", "outbound|443|v1|a.ns.svc.cluster.local"
OUTSIDE = "outbound|8080||*.web.example.com"
SECONDS = 20.0


def address(port: int) -> dict[str, Any]:
    return {"socket_address": {"address": "127.0.0.1", "port_value": port}}


def listener(name: str, port: int, kind: str, message: str, **config: Any) -> dict[str, Any]:
    typed = {"@type": f"{_TYPE}.network.{kind}.v3.{message}", **config}
    return {
        "name": name,
        "address": address(port),
        "filter_chains": [{"filters": [{"name": kind, "typed_config": typed}]}],
    }


def bootstrap(admin: int, http: int, tcp: int) -> dict[str, Any]:
    route = {"match": {"prefix": "/"}, "stat_prefix": "second-version", "route": {"cluster": SERVICE}}
    hosts = [{"name": "shop.test:80", "domains": ["*"], "routes": [route]}]
    router = {"name": "router", "typed_config": {"@type": f"{_TYPE}.http.router.v3.Router"}}
    manager = {"stat_prefix": "outbound_0.0.0.0_80", "http_filters": [router], "route_config": {"virtual_hosts": hosts}}
    return {
        "admin": {"address": address(admin)},
        "static_resources": {
            "clusters": [
                {"name": name, "type": "STATIC", "load_assignment": {"cluster_name": name}}
                for name in (SERVICE, SUBSET, OUTSIDE, "PassthroughCluster")
            ],
            "listeners": [
                listener("http", http, "http_connection_manager", "HttpConnectionManager", **manager),
                listener("tcp", tcp, "tcp_proxy", "TcpProxy", stat_prefix=SUBSET, cluster=SUBSET),
            ],
        },
        "stats_config": {"stats_tags": stats_tags("cluster.local"), "use_all_default_tags": False},
    }


def fetch(port: int, path: str = "/") -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
        text: str = answer.read().decode()
        return text


@contextmanager
def envoy(tmp_path: Path) -> Iterator[tuple[int, int]]:
    """Ports of the admin interface and of HTTP, of an Envoy that runs until the end of the block."""
    admin, http, tcp = free_ports(3)
    config = tmp_path / "envoy.json"
    config.write_text(json.dumps(bootstrap(admin, http, tcp)))
    options = ["--log-level", "error", "--disable-hot-restart", "--concurrency", "1"]
    process = subprocess.Popen([str(toolchain.ensure("envoy")), "-c", str(config), *options])
    try:
        deadline = time.monotonic() + SECONDS
        while True:
            try:
                fetch(admin, "/ready")
                break
            except OSError:
                assert process.poll() is None, "Envoy ended"
                assert time.monotonic() < deadline, "Envoy does not start"
                time.sleep(0.1)
        yield admin, http
    finally:
        process.terminate()
        process.wait(SECONDS)


def test_names_with_dots_are_whole_labels_and_no_part_of_a_metric(tmp_path: Path) -> None:
    with envoy(tmp_path) as (admin, http):
        with pytest.raises(urllib.error.HTTPError, match="503"):
            fetch(http)
        lines = [line for line in fetch(admin, "/stats/prometheus").splitlines() if not line.startswith("#")]
    found = {line.partition("{")[0] for line in lines}
    assert not [name for name in found if re.search("svc|cluster_local|example|shop|0_0|outbound", name)]
    clusters = {match[1] for line in lines if (match := re.search(r'envoy_cluster_name="([^"]*)"', line))}
    assert clusters == {SERVICE, SUBSET, OUTSIDE, "PassthroughCluster"}
    for metric, labels in (
        ("envoy_http_downstream_rq_total", '{envoy_http_conn_manager_prefix="outbound_0.0.0.0_80"} 1'),
        ("envoy_vhost_route_upstream_rq_total", '{envoy_virtual_host="shop.test:80",envoy_route="second-version"} '),
        ("envoy_cluster_upstream_rq_total", f'{{envoy_cluster_name="{SERVICE}"}} '),
        ("envoy_tcp_downstream_cx_total", f'{{envoy_tcp_prefix="{SUBSET}"}} 0'),
    ):
        assert any(line.startswith(metric + labels) for line in lines), metric
    code = r'envoy_http_downstream_rq\{(?=.*envoy_response_code_class="5xx").*prefix="outbound_0.0.0.0_80".*\} 1'
    assert any(re.match(code, line) for line in lines), [line for line in lines if "downstream_rq{" in line]
