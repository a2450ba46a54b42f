"""Labels and annotations that say what was done to a pod, under Istio's names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from meshd.inject.annotations import STATUS
from meshd.inject.owner import Owner

CANONICAL_NAME = "service.istio.io/canonical-name"
CANONICAL_REVISION = "service.istio.io/canonical-revision"
LONGEST_LABEL = 63


def label_pod(pod: dict[str, Any], owner: Owner, labels: Mapping[str, str], status: str) -> None:
    """Label `pod` in place; labels it already has stay."""
    metadata = pod["metadata"]
    canonical = {
        CANONICAL_NAME: owner.app[:LONGEST_LABEL].rstrip("-._"),
        CANONICAL_REVISION: owner.version,
    }
    metadata["labels"] = {**canonical, **labels, **(metadata.get("labels") or {})}
    metadata["annotations"] = {**(metadata.get("annotations") or {}), STATUS: status}
