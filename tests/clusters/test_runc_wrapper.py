"""The runtime for machines short of capabilities: what it changes in runc's input, and that it becomes runc."""

from __future__ import annotations

import copy
import json
import os
import resource
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from clusters.engine import runc_wrapper
from clusters.engine.runc_wrapper import bounding_set, find_process_file, missing_capabilities, trim_process

# Of /proc/self/status on a machine without CAP_SYS_RESOURCE, capability number 24 of 0 to 40.
SHORT_STATUS = "Name:\tpython3\nCapEff:\t000001fffeffffff\nCapBnd:\t000001fffeffffff\nCapAmb:\t0000000000000000\n"
FULL_STATUS = "CapBnd:\t000001ffffffffff\n"
LAST_CAPABILITY = 40

# As dockerd writes it for `--privileged`, cut to a few of each kind.
PROCESS: dict[str, Any] = {
    "terminal": True,
    "user": {"uid": 0, "gid": 0},
    "args": ["/usr/local/bin/entrypoint", "/sbin/init"],
    "env": ["PATH=/usr/local/sbin:/usr/bin", "container=docker"],
    "cwd": "/",
    "capabilities": {
        "bounding": ["CAP_CHOWN", "CAP_SYS_RESOURCE", "CAP_SYS_ADMIN"],
        "effective": ["CAP_CHOWN", "CAP_SYS_RESOURCE", "CAP_SYS_ADMIN"],
        "inheritable": ["CAP_SYS_RESOURCE"],
        "permitted": ["CAP_SYS_RESOURCE", "CAP_SYS_ADMIN"],
    },
    "rlimits": [{"type": "RLIMIT_NOFILE", "hard": 1048576, "soft": 1048576}],
    "oomScoreAdj": -999,
}
CONFIG: dict[str, Any] = {
    "ociVersion": "1.0.2-dev",
    "process": PROCESS,
    "root": {"path": "/data/overlay2/0a1b/merged"},
    "hostname": "mesh-control-plane",
    "linux": {"cgroupsPath": "/mesh-stack/0a1b"},
}


def test_bounding_set_lacks_just_the_capability_whose_bit_is_not_set() -> None:
    assert bounding_set(FULL_STATUS) - bounding_set(SHORT_STATUS) == {"CAP_SYS_RESOURCE"}
    assert len(bounding_set(FULL_STATUS)) == LAST_CAPABILITY + 1


def test_capabilities_the_kernel_does_not_know_are_not_missed() -> None:
    assert missing_capabilities(SHORT_STATUS, LAST_CAPABILITY) == {"CAP_SYS_RESOURCE"}
    assert missing_capabilities("CapBnd:\t0000003fffffffff\n", 37) == set()
    assert missing_capabilities(FULL_STATUS, LAST_CAPABILITY) == set()


def test_trimming_cuts_capabilities_limits_and_oom_score_and_nothing_else() -> None:
    process = copy.deepcopy(PROCESS)
    trim_process(process, bounding_set(SHORT_STATUS), lambda name: 20000, least_oom_score=0)
    assert process["capabilities"] == {
        "bounding": ["CAP_CHOWN", "CAP_SYS_ADMIN"],
        "effective": ["CAP_CHOWN", "CAP_SYS_ADMIN"],
        "inheritable": [],
        "permitted": ["CAP_SYS_ADMIN"],
    }
    assert process["rlimits"] == [{"type": "RLIMIT_NOFILE", "hard": 20000, "soft": 20000}]
    assert process["oomScoreAdj"] == 0
    same = ("terminal", "user", "args", "env", "cwd")
    assert {key: process[key] for key in same} == {key: PROCESS[key] for key in same}


def test_trimming_leaves_what_can_be_given() -> None:
    process = copy.deepcopy(PROCESS)
    trim_process(process, bounding_set(FULL_STATUS), lambda name: -1, least_oom_score=-1000)
    assert process == PROCESS


@pytest.mark.parametrize("process", [{}, {"capabilities": None, "rlimits": None}, {"capabilities": {"ambient": None}}])
def test_trimming_takes_what_runc_lets_be_left_out(process: dict[str, Any]) -> None:
    trim_process(process, set(), lambda name: 1, least_oom_score=0)


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("create --bundle /b --pid-file /p id", ("/b/config.json", True)),
        ("--root /r --log /l --log-format json --systemd-cgroup create --bundle=/b id", ("/b/config.json", True)),
        ("run -b /b id", ("/b/config.json", True)),
        ("run id", ("/here/config.json", True)),
        ("--log-format json exec --process /p.json --detach id", ("/p.json", False)),
        ("exec -p /p.json id", ("/p.json", False)),
        ("exec id ls", None),
        ("--root /r state id", None),
        ("delete --force create", None),
        ("--version", None),
        ("", None),
    ],
)
def test_process_file_is_found_in_every_form_of_call(words: str, found: tuple[str, bool] | None) -> None:
    assert find_process_file(words.split(), "/here") == found


@pytest.fixture
def runc(tmp_path: Path) -> Path:
    """A runc that leaves its words, line by line, in the file `words` beside it."""
    program = tmp_path / "runc"
    program.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" > {tmp_path}/words\nexit 7\n')
    program.chmod(0o755)
    return program


def call(runc: Path, *words: str) -> tuple[int, list[str]]:
    """Run the wrapper as the engine does, with 256 open files at most; runc's exit code and the words it got."""
    script = [sys.executable, "-I", "-S", "-E", runc_wrapper.__file__, str(runc), *words]
    limit = (256, 256)
    done = subprocess.run(script, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, limit), check=False)
    return done.returncode, (runc.parent / "words").read_text().splitlines()


def test_wrapper_trims_a_bundle_and_becomes_runc(runc: Path) -> None:
    (runc.parent / "config.json").write_text(json.dumps(CONFIG))
    words = ["--log-format", "json", "create", "--bundle", str(runc.parent), "an id"]
    assert call(runc, *words) == (7, words)
    written = json.loads((runc.parent / "config.json").read_text())
    allowed = bounding_set(Path("/proc/self/status").read_text())
    asked = PROCESS["capabilities"]["bounding"]
    assert written["process"]["capabilities"]["bounding"] == [name for name in asked if name in allowed]
    assert written["process"]["rlimits"] == [{"type": "RLIMIT_NOFILE", "hard": 256, "soft": 256}]
    assert written["process"]["oomScoreAdj"] >= int(Path("/proc/self/oom_score_adj").read_text())
    assert {key: written[key] for key in CONFIG if key != "process"} == {
        key: CONFIG[key] for key in CONFIG if key != "process"
    }


def test_wrapper_trims_the_process_file_of_an_exec(runc: Path) -> None:
    (runc.parent / "process.json").write_text(json.dumps(PROCESS))
    words = ["exec", "--process", str(runc.parent / "process.json"), "id"]
    assert call(runc, *words) == (7, words)
    written = json.loads((runc.parent / "process.json").read_text())
    assert written["rlimits"][0]["hard"] == 256
    assert written["args"] == PROCESS["args"]


def test_wrapper_passes_every_other_call_on(runc: Path) -> None:
    assert call(runc, "kill", "id", "KILL") == (7, ["kill", "id", "KILL"])


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give up a capability for good")
def test_wrapper_gives_what_its_own_bounding_set_holds(runc: Path) -> None:
    (runc.parent / "process.json").write_text(json.dumps(PROCESS))
    without = ["setpriv", "--bounding-set", "-sys_admin", sys.executable, "-I", "-S", "-E", runc_wrapper.__file__]
    subprocess.run([*without, str(runc), "exec", "-p", str(runc.parent / "process.json"), "id"], check=False)
    written = json.loads((runc.parent / "process.json").read_text())
    assert "CAP_SYS_ADMIN" not in written["capabilities"]["bounding"]
    assert "CAP_CHOWN" in written["capabilities"]["bounding"]
