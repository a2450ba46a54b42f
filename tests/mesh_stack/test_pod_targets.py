"""Which pods Prometheus is told to scrape."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from mesh_stack.pod_targets import targets, write

PROXY_PORT = {"name": "http-envoy-prom", "containerPort": 15090}


def pod(name: str, *, ip: str | None = "10.0.0.1", phase: str = "Running", **spec: Any) -> dict[str, Any]:
    return {"metadata": {"name": name, "namespace": "shop"}, "status": {"podIP": ip, "phase": phase}, "spec": spec}


def test_a_native_sidecar_is_a_target() -> None:
    sidecar = pod("a", containers=[{"name": "app"}], initContainers=[{"name": "istio-proxy", "ports": [PROXY_PORT]}])
    assert targets([sidecar], "http-envoy-prom") == [
        {"targets": ["10.0.0.1:15090"], "labels": {"namespace": "shop", "pod": "a"}}
    ]


def test_pods_without_the_port_without_address_or_not_running_are_no_targets() -> None:
    with_port = [{"name": "istio-proxy", "ports": [PROXY_PORT]}]
    pods = [
        pod("a", containers=[{"name": "app", "ports": [{"name": "http", "containerPort": 80}]}]),
        pod("b", ip=None, containers=with_port),
        pod("c", phase="Succeeded", containers=with_port),
    ]
    assert targets(pods, "http-envoy-prom") == []


def test_files_are_written_only_when_they_change(tmp_path: Path) -> None:
    write(tmp_path, [pod("a", containers=[{"name": "istio-proxy", "ports": [PROXY_PORT]}])])
    file = tmp_path / "envoy-stats.json"
    assert json.loads(file.read_text())[0]["targets"] == ["10.0.0.1:15090"]
    assert json.loads((tmp_path / "meshd.json").read_text()) == []
    before = file.stat().st_ino
    write(tmp_path, [pod("a", containers=[{"name": "istio-proxy", "ports": [PROXY_PORT]}])])
    assert file.stat().st_ino == before
    write(tmp_path, [])
    assert json.loads(file.read_text()) == []
