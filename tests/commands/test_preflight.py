"""Wrong use is answered in one line that says what to do, before anything is started."""

from __future__ import annotations

import shutil
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from clusters import engine
from clusters.provider import ClusterSpec
from commands import cluster, preflight
from mesh_stack import cluster_lifecycle
from mesh_stack.settings import Settings
from toolchain.errors import UserError


class Usage(NamedTuple):
    total: int
    used: int
    free: int


class Answering:
    """An existing cluster that is there."""

    def create(self, _: ClusterSpec) -> None:
        return


@pytest.fixture(autouse=True)
def _nothing_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "status", lambda: "stopped")
    monkeypatch.setattr(cluster, "is_there", lambda _: False)
    monkeypatch.setattr(preflight, "missing_tools", lambda _: [])
    monkeypatch.setattr(cluster_lifecycle, "provider_of", lambda _: Answering())


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


def free_ports() -> Settings:
    with socket.socket() as a, socket.socket() as b, socket.socket() as c:
        for probe in (a, b, c):
            probe.bind(("127.0.0.1", 0))
        ports = [probe.getsockname()[1] for probe in (a, b, c)]
    return Settings(
        http_port=ports[0],
        https_port=ports[1],
        prometheus_port=ports[2],
        zipkin_port=1,
        extra_http_port=2,
        extra_https_port=3,
    )


def elsewhere() -> Settings:
    return Settings(cluster_provider="existing", kubeconfig="/k", image_prefix="registry.example/mesh")


def refusal(settings: Settings) -> str:
    with pytest.raises(UserError) as refused:
        preflight.check(settings)
    return str(refused.value)


def test_no_root_and_no_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    line = refusal(Settings())
    assert line == "no container engine answers, and starting one needs root: start Docker or run this as root"


def test_no_root_but_an_engine_is_well(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    monkeypatch.setattr(engine, "status", lambda: "external")
    preflight.check(elsewhere())


def test_no_disk(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(0, 0, 3 * 1024**3))
    with pytest.raises(UserError) as refused:
        preflight.enough_disk(tmp_path, 5.0)
    line = str(refused.value)
    assert line.startswith(f"only 3.0 GB free at {tmp_path}, 5 GB needed")
    assert "MESH_CACHE" in line
    assert "\n" not in line


def test_a_first_run_needs_more_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(0, 0, 10 * 1024**3))
    preflight.check(elsewhere())
    monkeypatch.setattr(preflight, "missing_tools", lambda _: ["pulumi"])
    assert "25 GB needed" in refusal(Settings())


def test_a_taken_port(taken_port: int) -> None:
    line = refusal(Settings(http_port=taken_port))
    assert line.startswith(f"port {taken_port} is taken by ")
    assert "pulumi config set mesh:httpPort" in line
    assert "\n" not in line


def test_ports_that_our_own_cluster_holds_are_well(taken_port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "is_there", lambda _: True)
    preflight.check(Settings(http_port=taken_port))


def test_free_ports_are_well() -> None:
    preflight.check(free_ports())


def test_an_existing_cluster_needs_a_registry() -> None:
    line = refusal(Settings(cluster_provider="existing", kubeconfig="/k"))
    assert line.startswith("configuration mesh:imagePrefix is 'mesh-stack', which names no registry")


def test_an_unreachable_kubeconfig(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.undo()
    monkeypatch.setattr(engine, "status", lambda: "running")
    monkeypatch.setattr(preflight, "missing_tools", lambda _: [])
    kubeconfig = tmp_path / "config"
    monkeypatch.setattr("clusters.existing.ensure", lambda _: tmp_path / "kubectl")
    monkeypatch.setattr("clusters.kubectl.ensure", lambda _: tmp_path / "kubectl")
    kubeconfig.write_text("{}")
    line = refusal(Settings(cluster_provider="existing", kubeconfig=str(kubeconfig), context="there"))
    assert "has no usable context there: choose one by mesh:context" in line
    assert "\n" not in line
