"""The cluster's properties, and what a change of them means."""

from __future__ import annotations

from mesh_stack import cluster_lifecycle
from mesh_stack.settings import Settings


def test_the_same_settings_are_the_same_cluster() -> None:
    spec = cluster_lifecycle.spec_of(Settings())
    assert cluster_lifecycle.changed(spec, cluster_lifecycle.spec_of(Settings())) == []


def test_what_pulumi_gives_back_is_the_same_cluster() -> None:
    """Its numbers come back as floats, and outputs stand beside the inputs."""
    spec = cluster_lifecycle.spec_of(Settings())
    remembered = {**spec, "ports": {key: float(port) for key, port in spec["ports"].items()}, "kubeconfig": "text"}
    assert cluster_lifecycle.changed(remembered, spec) == []


def test_other_ports_are_another_cluster_and_other_policies_are_not() -> None:
    spec = cluster_lifecycle.spec_of(Settings())
    assert cluster_lifecycle.changed(spec, cluster_lifecycle.spec_of(Settings(http_port=8180))) == ["ports"]
    assert cluster_lifecycle.changed(spec, cluster_lifecycle.spec_of(Settings(shop=False))) == []


def test_ports_of_this_machine_do_not_matter_to_an_existing_cluster() -> None:
    before = cluster_lifecycle.spec_of(Settings(cluster_provider="existing", kubeconfig="/k"))
    after = cluster_lifecycle.spec_of(Settings(cluster_provider="existing", kubeconfig="/k", http_port=8180))
    assert cluster_lifecycle.changed(before, after) == []
