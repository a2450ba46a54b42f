"""What kind is told of a cluster, and how it is seen later that a cluster is what is wanted."""

from __future__ import annotations

import json
from dataclasses import fields, replace
from typing import Any

import pytest

from clusters import ClusterSpec
from clusters.kind import KindProvider, node_state
from clusters.kind_config import complete_note, kind_config
from clusters.node import is_official, recipe

SPEC = ClusterSpec(name="mesh", http_port=18080, extra_https_port=16443)


def test_every_port_leads_from_loopback_to_its_node_port() -> None:
    (node,) = kind_config(SPEC, own_network=True)["nodes"]
    mappings = node["extraPortMappings"]
    assert {mapping["listenAddress"] for mapping in mappings} == {"127.0.0.1"}
    assert {mapping["hostPort"]: mapping["containerPort"] for mapping in mappings} == {
        18080: 30080,
        8443: 30443,
        9090: 30090,
        9411: 30411,
        8081: 30081,
        16443: 30444,
    }


def test_api_server_listens_on_loopback_only() -> None:
    assert kind_config(SPEC, own_network=True)["networking"]["apiServerAddress"] == "127.0.0.1"


@pytest.mark.parametrize(("image", "own_network"), [(recipe.image(), True), (recipe.OFFICIAL_IMAGE, False)])
def test_kind_brings_a_pod_network_to_its_own_image_only(image: str, own_network: bool) -> None:
    config = kind_config(SPEC, own_network=not is_official(image))
    assert config["networking"]["disableDefaultCNI"] is own_network


def test_pods_get_addresses_that_the_node_image_routes() -> None:
    pods = json.dumps(recipe.CNI_CONFIG)
    assert kind_config(SPEC, own_network=True)["networking"]["podSubnet"] == recipe.POD_SUBNET
    assert recipe.POD_SUBNET.replace("/16", "/24") in pods


@pytest.mark.parametrize("field", [field.name for field in fields(ClusterSpec)])
def test_note_differs_when_the_cluster_does(field: str) -> None:
    change: dict[str, Any] = {field: "other" if field == "name" else 12345}
    assert complete_note(replace(SPEC, **change), "a") != complete_note(SPEC, "a")


def test_note_reads_back_as_it_was_written() -> None:
    same = ClusterSpec(name="mesh", http_port=18080, extra_https_port=16443)
    assert json.loads(complete_note(same, "a")) == json.loads(complete_note(SPEC, "a"))


class Inspected:
    """An engine that knows one container, in a state that `docker inspect` would print."""

    def __init__(self, container: str, state: str) -> None:
        self.container, self.state = container, state

    def try_docker(self, *words: str) -> str | None:
        return f"{self.state}\n" if words[-1] == self.container else None


@pytest.mark.parametrize(
    ("printed", "state"),
    [("running", "running"), ("exited", "halted"), ("created", "halted"), ("paused", "halted"), ("dead", "halted")],
)
def test_node_state_is_read_from_the_container(printed: str, state: str) -> None:
    assert node_state(Inspected("mesh-control-plane", printed), "mesh") == state  # type: ignore[arg-type]


def test_node_without_a_container_is_absent() -> None:
    assert node_state(Inspected("other-control-plane", "running"), "mesh") == "absent"  # type: ignore[arg-type]


def test_reading_and_deleting_need_no_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("clusters.kind.running_engine", lambda: None)
    assert KindProvider().read("mesh") is None
    KindProvider().delete("mesh")


class Noted:
    """An engine whose node has a note of its cluster."""

    def __init__(self, note: str) -> None:
        self.note = note

    def try_docker(self, *_: str) -> str | None:
        return self.note


def test_clusters_of_other_checkouts_are_not_taken_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("clusters.kind.checkout_id", lambda: "ours")

    def why(note: str) -> str | None:
        return KindProvider()._unusable(Noted(note), SPEC)  # type: ignore[arg-type]

    assert why(complete_note(SPEC, "ours")) is None
    assert "another checkout" in (why(complete_note(SPEC, "theirs")) or "")
    assert "another checkout" in (why('{"name": "mesh"}') or ""), "a note of before"
