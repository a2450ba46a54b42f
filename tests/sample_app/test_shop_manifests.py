"""The shop's manifests are plain Kubernetes, complete, and say nothing of a mesh."""

from __future__ import annotations

from pathlib import Path
from string import Template
from typing import Any

import pytest
import yaml

MANIFESTS = sorted((Path(__file__).resolve().parents[2] / "sample_app" / "manifests").glob("*.yaml"))


def objects() -> list[dict[str, Any]]:
    texts = [Template(path.read_text()).substitute(image="shop:test") for path in MANIFESTS]
    return [item for text in texts for item in yaml.safe_load_all(text)]


def test_each_service_has_its_account_service_and_deployment() -> None:
    names = {path.stem for path in MANIFESTS}
    assert names == {"frontend", "catalog", "reviews", "ratings", "checkout"}
    for kind in ("ServiceAccount", "Service"):
        assert {item["metadata"]["name"] for item in objects() if item["kind"] == kind} == names
    accounts = {
        item["spec"]["template"]["spec"]["serviceAccountName"] for item in objects() if item["kind"] == "Deployment"
    }
    assert accounts == names


def test_reviews_comes_in_three_versions() -> None:
    versions = {
        item["metadata"]["labels"]["version"]
        for item in objects()
        if item["kind"] == "Deployment" and item["metadata"]["labels"]["app"] == "reviews"
    }
    assert versions == {"v1", "v2", "v3"}


@pytest.mark.parametrize("path", MANIFESTS, ids=lambda path: str(path.stem))
def test_not_one_line_about_the_mesh(path: Path) -> None:
    text = path.read_text().lower()
    assert not [word for word in ("istio", "mesh", "sidecar", "envoy", "inject") if word in text]


def test_deployments_are_probed_and_small() -> None:
    for item in objects():
        if item["kind"] != "Deployment":
            continue
        (container,) = item["spec"]["template"]["spec"]["containers"]
        assert container["image"] == "shop:test"
        assert container["readinessProbe"]["httpGet"] == {"path": "/healthz", "port": 8080}
        assert container["resources"]["requests"] == {"cpu": "10m", "memory": "24Mi"}
        assert container["ports"] == [{"name": "http", "containerPort": 8080}]
