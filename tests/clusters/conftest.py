"""What several tests of this room need."""

from __future__ import annotations

import pytest

from clusters.docker import Engine
from clusters.engine import running_engine


@pytest.fixture(scope="session")
def engine() -> Engine:
    """A container engine that runs already; none is started for a test."""
    found = running_engine()
    if found is None:
        pytest.skip("no container engine runs")
    return found
