"""Lets tests import those of the conformance suite, for the numbers that they judge by."""

from __future__ import annotations

import pytest

from conformance.features import FEATURES


def pytest_configure(config: pytest.Config) -> None:
    for name in (*FEATURES, "smoke"):
        config.addinivalue_line("markers", f"{name}: of the conformance suite")
