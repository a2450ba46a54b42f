"""What a new sidecar and meshd take in the mesh of the shop. Runs first: the other tests' requests cost memory."""

from __future__ import annotations

import os

import pytest

from acceptance.settings import Settings
from acceptance.workloads import Workloads
from benchmarks import memory


def test_new_sidecars_and_meshd_keep_within_their_memory(
    settings: Settings, workloads: Workloads, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The budgets stand in benchmarks/memory.py."""
    monkeypatch.setenv("PATH", str(settings.kubectl.parent), prepend=os.pathsep)
    monkeypatch.setenv("KUBECONFIG", str(settings.kubeconfig))
    looked_at = [one for one in memory.containers() if one[0] == workloads.namespace or one[2] == "meshd"]
    footprints = [memory.footprint(*one) for one in looked_at]
    assert {one.container for one in footprints} == {"istio-proxy", "meshd"}
    assert all(one.within_budget for one in footprints), memory.table(footprints)
