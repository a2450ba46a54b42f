"""What a killed run leaves in the local backend, and what is told of a failed one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from commands import cluster, pulumi, stack
from toolchain.errors import UserError

LOCKS = ".pulumi/locks/organization/mesh-stack/kind"


@pytest.fixture(autouse=True)
def backend(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PULUMI_STACK", "kind")
    monkeypatch.setattr(stack, "state_dir", lambda: tmp_path)
    monkeypatch.setattr(pulumi, "state_dir", lambda: tmp_path)
    folder = tmp_path / "pulumi"
    (folder / LOCKS).mkdir(parents=True)
    (folder / ".pulumi/stacks/mesh-stack").mkdir(parents=True)
    return folder


def leave_lock(backend: Path, text: str) -> Path:
    lock = backend / LOCKS / "one.json"
    lock.write_text(text)
    return lock


def dead_pid() -> int:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    return ended.pid


@pytest.mark.parametrize("text", ["", "{}", "dead"])
def test_a_dead_runs_lock_is_removed(backend: Path, text: str) -> None:
    lock = leave_lock(backend, text.replace("dead", json.dumps({"pid": dead_pid()})))
    pulumi.heal({})
    assert not lock.exists()


def test_the_lock_of_another_process_with_the_same_number_is_removed(backend: Path) -> None:
    lock = leave_lock(backend, json.dumps({"pid": os.getpid()}))
    pulumi.heal({})
    assert not lock.exists()


def test_a_living_pulumi_is_waited_for(backend: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lock = leave_lock(backend, json.dumps({"pid": 4711}))
    monkeypatch.setattr(pulumi, "_is_pulumi", lambda _: True)
    monkeypatch.setattr(pulumi, "WAIT_FOR_OTHER_SECONDS", -1.0)
    with pytest.raises(UserError, match=r"another pulumi \(pid 4711\)"):
        pulumi.heal({})
    assert lock.exists()


def test_a_damaged_state_names_the_way_out(backend: Path) -> None:
    (backend / ".pulumi/stacks/mesh-stack/kind.json").write_text("{")
    with pytest.raises(UserError, match=r"is damaged: \./mesh down removes it"):
        pulumi.heal({})
    pulumi.forget_stack()
    pulumi.heal({})


def test_the_state_remembers_which_cluster_it_speaks_of(backend: Path) -> None:
    assert cluster.remembered_identity() is None
    resource = {"type": cluster.CLUSTER_TYPE, "outputs": {"identity": "a-uid"}}
    state = {"checkpoint": {"latest": {"resources": [resource]}}}
    (backend / ".pulumi/stacks/mesh-stack/kind.json").write_text(json.dumps(state))
    assert cluster.remembered_identity() == "a-uid"


def test_a_failure_is_told_by_pulumis_own_errors(tmp_path: Path) -> None:
    lines = [
        "Diagnostics:\n",
        "  kubernetes:core/v1:Namespace (istio-system):\n",
        "    error: configured Kubernetes cluster is unreachable\n",
        "  pulumi:pulumi:Stack (kind):\n",
        "    error: update failed\n",
    ]
    told = pulumi._why(["pulumi", "up", "--yes"], lines)
    assert told.startswith("pulumi up failed: configured Kubernetes cluster is unreachable (whole output: ")


def test_the_summary_is_pulumis_counts() -> None:
    text = "Resources:\n    + 3 created\n    +-1 replaced\n    4 changes. 42 unchanged\n\nDuration: 5s\n"
    assert pulumi._summary(text) == "3 created, 1 replaced, 4 changes. 42 unchanged"
    assert pulumi._summary("Resources:\n    74 unchanged\n\nDuration: 7s\n") == "74 unchanged"
