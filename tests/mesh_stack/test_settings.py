"""Configuration: defaults, every kind of bad value, and that the line names the key."""

from __future__ import annotations

from pathlib import Path

import pytest

from mesh_stack.settings import Settings, known_keys, parse
from toolchain.errors import UserError


def test_nothing_set_is_a_kind_cluster_with_the_documented_ports() -> None:
    settings = parse(lambda _: None)
    assert settings == Settings()
    assert settings.host_ports == {
        "httpPort": 8080,
        "httpsPort": 8443,
        "prometheusPort": 9090,
        "zipkinPort": 9411,
        "extraHttpPort": 8081,
        "extraHttpsPort": 15443,
    }


def test_every_key_is_read(tmp_path: Path) -> None:
    kubeconfig = tmp_path / "config"
    kubeconfig.touch()
    mesh_config = tmp_path / "mesh.yaml"
    mesh_config.write_text("accessLog: true")
    values = {
        "clusterProvider": "existing",
        "clusterName": "other",
        "kubeconfig": str(kubeconfig),
        "context": "there",
        "httpPort": "1001",
        "httpsPort": "2",
        "prometheusPort": "3",
        "zipkinPort": "4",
        "extraHttpPort": "5",
        "extraHttpsPort": "6",
        "gatewayServiceType": "LoadBalancer",
        "nodeAddress": "node.example",
        "trustDomain": "example.org",
        "imagePrefix": "registry.example/mesh",
        "tracingSampling": "1.5",
        "meshConfig": str(mesh_config),
        "shop": "false",
    }
    assert tuple(values) == known_keys()
    settings = parse(values.get, given=values)
    assert [value for value in vars(settings).values() if value in vars(Settings()).values()] == []


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("clusterProvider", "minikube"),
        ("clusterName", "Mesh!"),
        ("kubeconfig", "/no/such/file"),
        ("httpPort", "eighty"),
        ("httpPort", "70000"),
        ("httpsPort", "0"),
        ("gatewayServiceType", "ClusterIP"),
        ("trustDomain", "a b"),
        ("imagePrefix", "UPPER"),
        ("tracingSampling", "101"),
        ("tracingSampling", "nan"),
        ("shop", "maybe"),
        ("meshConfig", "/no/such/file"),
    ],
)
def test_a_bad_value_is_refused_in_one_line_that_names_the_key(key: str, value: str) -> None:
    with pytest.raises(UserError, match=f"mesh:{key} ") as refused:
        parse({key: value}.get)
    assert "\n" not in str(refused.value)
    assert "pulumi config set" in str(refused.value)


def test_a_misspelt_key_is_refused() -> None:
    with pytest.raises(UserError, match="mesh:httpport is not known: use one of clusterProvider"):
        parse({"httpport": "80"}.get, given=["httpport"])


def test_two_keys_with_one_port_are_refused() -> None:
    with pytest.raises(UserError, match="mesh:zipkinPort is 9090, as is mesh:prometheusPort"):
        parse({"zipkinPort": "9090"}.get)


def test_an_existing_cluster_needs_a_kubeconfig() -> None:
    with pytest.raises(UserError, match="mesh:kubeconfig is missing"):
        parse({"clusterProvider": "existing"}.get)


def test_a_cloud_needs_a_registry() -> None:
    with pytest.raises(UserError, match="mesh:imagePrefix must name a registry"):
        parse({"clusterProvider": "gke"}.get)


@pytest.mark.parametrize(
    ("text", "wrong"),
    [("a: [", "is no YAML"), ("- a", "is no mapping of settings"), ("trustDomain: a", "sets trustDomain")],
)
def test_a_file_of_further_settings_must_be_one(text: str, wrong: str, tmp_path: Path) -> None:
    path = tmp_path / "mesh.yaml"
    path.write_text(text)
    with pytest.raises(UserError, match=f"mesh:meshConfig .*{wrong}"):
        parse({"meshConfig": str(path)}.get)
