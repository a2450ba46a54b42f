"""What the project shows as examples is accepted by the API server and whatever validates there."""

from __future__ import annotations

from pathlib import Path

import pytest

from conformance.backends import Backends
from conformance.kubernetes import Kubernetes

pytestmark = pytest.mark.shop_examples
EXAMPLES = sorted((Path(__file__).resolve().parents[2] / "examples").rglob("*.yaml"))


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_example_is_accepted(example: Path, kubernetes: Kubernetes, backends: Backends) -> None:
    kubernetes.apply(example.read_text(), "--dry-run=server", "-n", backends.settings.namespace)


def test_there_are_examples() -> None:
    assert EXAMPLES
