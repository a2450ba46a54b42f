"""Where clusters come from, by name, and one clear line for each wrong use."""

from __future__ import annotations

import json
import re
import socket
from pathlib import Path

import pytest

import clusters
from clusters import ClusterHandle, ClusterSpec
from clusters.existing import ExistingProvider, has_registry
from clusters.kind import KindProvider
from toolchain import find
from toolchain.errors import UserError

needs_kubectl = pytest.mark.skipif(find("kubectl") is None, reason="kubectl has not been made yet")


def test_provider_is_got_by_name(tmp_path: Path) -> None:
    assert isinstance(clusters.get("kind"), KindProvider)
    file = tmp_path / "kubeconfig"
    assert clusters.get("existing", kubeconfig=file, context="a") == ExistingProvider(file, "a")


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("minikube", "there is no cluster provider 'minikube': set mesh:clusterProvider to kind or existing"),
        ("existing", "an existing cluster needs its kubeconfig: set mesh:kubeconfig to a file's path"),
    ],
)
def test_wrong_choice_is_one_line(name: str, line: str) -> None:
    with pytest.raises(UserError, match=f"^{re.escape(line)}$"):
        clusters.get(name)


def kubeconfig(folder: Path, port: int, current: str = "somewhere") -> Path:
    """One context, `somewhere`, whose API is at a port of this machine and whose certificate lies beside it."""
    (folder / "ca.crt").write_text("a certificate")
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [
            {"name": "c", "cluster": {"server": f"https://127.0.0.1:{port}", "certificate-authority": "ca.crt"}},
            {"name": "d", "cluster": {"server": "https://192.0.2.1:6443"}},
        ],
        "users": [{"name": "u", "user": {"token": "secret"}}],
        "contexts": [
            {"name": "somewhere", "context": {"cluster": "c", "user": "u"}},
            {"name": "elsewhere", "context": {"cluster": "d", "user": "u"}},
        ],
        "current-context": current,
    }
    file = folder / "kubeconfig"
    file.write_text(json.dumps(config))
    return file


@pytest.fixture
def closed_port() -> int:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        return int(server.getsockname()[1])


@needs_kubectl
def test_unreachable_cluster_is_one_line(tmp_path: Path, closed_port: int) -> None:
    provider = ExistingProvider(kubeconfig(tmp_path, closed_port))
    with pytest.raises(UserError) as caught:
        provider.create(ClusterSpec())
    assert str(caught.value) == (
        f"the cluster of context somewhere in {tmp_path}/kubeconfig does not answer:"
        " start it, or choose another by mesh:kubeconfig and mesh:context"
    )
    assert provider.read("mesh") is None


def test_missing_kubeconfig_is_one_line(tmp_path: Path) -> None:
    provider = ExistingProvider(tmp_path / "none")
    with pytest.raises(UserError, match=rf"^{tmp_path}/none is no file: set mesh:kubeconfig to .*$"):
        provider.create(ClusterSpec())


@needs_kubectl
@pytest.mark.parametrize(
    ("current", "context", "line"),
    [
        ("", None, "names no current context: choose one by mesh:context"),
        ("somewhere", "nowhere", "has no usable context nowhere: choose one by mesh:context"),
        ("gone", None, "has no usable context gone: choose one by mesh:context"),
    ],
)
def test_wrong_context_is_one_line(tmp_path: Path, current: str, context: str | None, line: str) -> None:
    provider = ExistingProvider(kubeconfig(tmp_path, 1, current), context)
    with pytest.raises(UserError, match=f"^{tmp_path}/kubeconfig {line}$"):
        provider.read("mesh")


@needs_kubectl
def test_file_that_is_no_kubeconfig_is_one_line(tmp_path: Path) -> None:
    file = tmp_path / "kubeconfig"
    file.write_text("{ this is: [ no yaml")
    with pytest.raises(UserError) as caught:
        ExistingProvider(file).read("mesh")
    assert str(caught.value).startswith(str(file))
    assert "\n" not in str(caught.value)


@needs_kubectl
def test_handle_holds_the_chosen_context_alone_with_its_certificates(tmp_path: Path) -> None:
    handle = ExistingProvider(kubeconfig(tmp_path, 1))._handle("mesh")
    assert (handle.name, handle.provider, handle.context) == ("mesh", "existing", "somewhere")
    assert "certificate-authority-data: YSBjZXJ0aWZpY2F0ZQ==" in handle.kubeconfig
    assert "secret" in handle.kubeconfig
    assert "elsewhere" not in handle.kubeconfig


@pytest.mark.parametrize(
    ("ref", "has"),
    [
        ("mesh-stack/shop:1", False),
        ("shop:1", False),
        ("localhost/shop:1", True),
        ("registry:5000/shop:1", True),
        ("registry.example/team/shop:1", True),
    ],
)
def test_registry_is_told_from_a_folder(ref: str, has: bool) -> None:
    assert has_registry(ref) is has


def test_images_without_a_registry_are_one_line(tmp_path: Path) -> None:
    handle = ClusterHandle("mesh", "existing", "", "somewhere")
    line = r"^the nodes of context somewhere cannot pull mesh-stack/shop:1: set mesh:imagePrefix to .*$"
    with pytest.raises(UserError, match=line):
        ExistingProvider(tmp_path).load_images(handle, ["registry.example/a:1", "mesh-stack/shop:1"])


def test_deleting_an_existing_cluster_leaves_it_alone(tmp_path: Path) -> None:
    ExistingProvider(tmp_path / "none").delete("mesh")
