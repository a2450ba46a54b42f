"""The YAML beside the tests: complete, parseable, in the run's namespaces; and who owns them."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest

from conformance.backends import is_abandoned, owner_label
from conformance.kubernetes import KubectlError, Kubernetes, existing_cluster
from conformance.manifests import Manifests, identity_of, render, replace_same, values_of
from conformance.settings import Settings

SUITE = Path(__file__).resolve().parents[2] / "conformance"
MANIFESTS = sorted(SUITE.rglob("*.yaml"))
MORE = {
    "mode": "STRICT", "action": "DENY", "rule": "{}", "rules": "{issuer: a}", "jwks": "{}", "provider": "nobody",
    "stable": "90", "canary": "10", "edition": "one", "key": "{}",
    "replicas": "1", "mesh_labels": "{a: b}", "plain_labels": "{a: b}",
    "percent": "10", "name": "pod", "annotations": "{}",
    "app": "place", "tier": "gold", "locality": "eu.north", "region": "us",
    "outside_ip": "192.0.2.1", "far_ip": "192.0.2.2", "v1_ip": "192.0.2.3", "gateway_ip": "192.0.2.4",
    "edge_ip": "192.0.2.5", "service_ip": "192.0.2.6", "client_ip": "192.0.2.7", "spki": "a", "hash": "a",
    "address": "192.0.2.8", "policy": "{}", "errors": "consecutiveErrors", "setting": "{}",
    "disabled": "true", "by_request_id": "true", "target": "selector: {}", "bind": "127.0.0.1",
    "identity": "spiffe://a/b", "v2_ip": "192.0.2.9",
}  # fmt: skip
SETTINGS = Settings(
    kubeconfig=None, context=None, kubectl=None, gateway_url=None, gateway_https=None,
    gateway_namespace="istio-system", gateway_selector="istio=ingressgateway", gateway_workload="gateway",
    prometheus_url=None, zipkin_url=None, proxy_container="istio-proxy", log_provider="envoy", trace_provider="zipkin",
    image="python:test",
    control_plane=None, trust_domain="cluster.local",
    injection_label="istio-injection=enabled", rotate_command=None, features=frozenset(), skip_features=frozenset(),
    report=None, run_id="abc", owns_namespaces=True, keep_namespaces=False, sabotage=None,
)  # fmt: skip


def manifests(settings: Settings = SETTINGS) -> Manifests:
    return Manifests(cast(Kubernetes, None), settings)


@pytest.mark.parametrize("path", MANIFESTS, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_manifest_is_explained_and_stays_in_the_runs_namespaces(path: Path) -> None:
    assert path.read_text().startswith("# ")
    for item in render(path, {**values_of(SETTINGS), **MORE}):
        if item["kind"] == "Namespace":
            assert item["metadata"]["name"].startswith("conf-abc")
        else:
            assert item["metadata"]["namespace"].startswith("conf-abc")


@pytest.mark.parametrize("path", MANIFESTS, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_objects_in_a_manifest_are_distinct(path: Path) -> None:
    identities = [identity_of(item) for item in render(path, {**values_of(SETTINGS), **MORE})]
    assert len(identities) == len(set(identities))


def test_sabotage_replaces_the_same_object_only() -> None:
    saboteur = manifests(replace(SETTINGS, sabotage=SUITE / "faults" / "split-80-20.yaml"))
    canary = SUITE / "canary" / "canary.yaml"
    honest = manifests().objects(canary, stable="90", canary="10")
    forged = saboteur.objects(canary, stable="90", canary="10")
    assert [identity_of(item) for item in honest] == [identity_of(item) for item in forged]
    assert [item for item in honest if item not in forged] == [honest[2]]
    weights = [route["weight"] for route in forged[2]["spec"]["http"][0]["route"]]
    assert weights == [80, 20]
    assert replace_same([], forged) == []


@pytest.mark.parametrize(
    ("fault", "manifest"),
    [
        ("split-80-20", "canary/canary"),
        ("mtls-disable", "mtls/peer-authentication"),
        ("open-door", "authorization/authorization"),
    ],
)
def test_each_fault_hits_what_it_is_meant_for(fault: str, manifest: str) -> None:
    values = {**values_of(SETTINGS), **MORE}
    forged = {identity_of(item) for item in render(SUITE / "faults" / f"{fault}.yaml", values)}
    assert forged <= {identity_of(item) for item in render(SUITE / f"{manifest}.yaml", values)}


def test_namespaces_of_killed_runs_are_recognised() -> None:
    finished = subprocess.Popen([sys.executable, "-c", ""])
    finished.wait()
    host = owner_label().rpartition(".")[0]
    assert is_abandoned(f"{host}.{finished.pid}")
    assert not is_abandoned(owner_label())
    assert not is_abandoned(f"another-machine.{finished.pid}")
    assert not is_abandoned("nonsense")
    assert owner_label().endswith(str(os.getpid()))


def test_kubectl_errors_are_what_it_said(tmp_path: Path) -> None:
    kubectl = tmp_path / "kubectl"
    kubectl.write_text(
        '#!/bin/sh\n[ "$3" = ok ] && { echo "{\\"args\\": \\"$*\\"}"; exit 0; }\necho broken >&2; exit 1\n'
    )
    kubectl.chmod(0o755)
    here = sorted(Path.cwd().iterdir())
    kubernetes = Kubernetes(existing_cluster(tmp_path / "config", kubectl), "there")
    assert sorted(Path.cwd().iterdir()) == here, "pytest-kind's folder must not stay"
    assert kubernetes.kubectl("ok") == '{"args": "--context there ok"}\n'
    with pytest.raises(KubectlError, match="kubectl get pods: broken"):
        kubernetes.kubectl("get", "pods")
