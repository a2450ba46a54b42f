"""Every example is well-formed, says what it does, and only names services and subsets that the shop has."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

REPOSITORY = Path(__file__).resolve().parents[2]
EXAMPLES = sorted((REPOSITORY / "examples").rglob("*.yaml"))
SHOP_SERVICES = {path.stem for path in (REPOSITORY / "sample_app" / "manifests").glob("*.yaml")}
REVIEWS_SUBSETS = {"v1", "v2", "v3"}
KINDS = {
    "Gateway": "networking.istio.io/v1",
    "VirtualService": "networking.istio.io/v1",
    "DestinationRule": "networking.istio.io/v1",
    "Sidecar": "networking.istio.io/v1",
    "PeerAuthentication": "security.istio.io/v1",
    "AuthorizationPolicy": "security.istio.io/v1",
}


def parse(path: Path) -> list[dict[str, Any]]:
    return list(yaml.safe_load_all(path.read_text()))


def find(value: Any, key: str) -> list[Any]:
    """Every value under `key`, at any depth."""
    if isinstance(value, dict):
        return [v for k, v in value.items() if k == key] + [f for v in value.values() for f in find(v, key)]
    if isinstance(value, list):
        return [found for item in value for found in find(item, key)]
    return []


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: str(path.stem))
def test_example_is_explained_and_of_a_known_kind(path: Path) -> None:
    assert path.read_text().startswith("# ")
    for item in parse(path):
        assert item["apiVersion"] == KINDS[item["kind"]]
        assert "namespace" not in item["metadata"], "the reader chooses with -n"


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: str(path.stem))
def test_example_routes_only_to_what_the_shop_has(path: Path) -> None:
    for item in parse(path):
        destinations = find(item, "destination")
        assert {destination["host"] for destination in destinations} <= SHOP_SERVICES
        subsets = {destination["subset"] for destination in destinations if "subset" in destination}
        assert subsets <= REVIEWS_SUBSETS


def test_weights_add_up() -> None:
    for path in EXAMPLES:
        for item in parse(path):
            for route in find(item, "http"):
                for rule in route if isinstance(route, list) else []:
                    weights = [part["weight"] for part in rule.get("route", []) if "weight" in part]
                    assert sum(weights) in (0, 100), path
