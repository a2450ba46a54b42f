"""The project's own engine: its state as it is found, and one clear line where there can be none."""

from __future__ import annotations

import json
import os
import socket
from importlib import import_module
from pathlib import Path

import pytest

from clusters import engine as engines
from clusters import rootfs
from clusters.docker import answers
from clusters.engine import _read_state, _write_state, ensure_engine, running_engine, status, stop_engine
from clusters.engine.daemon import daemon_config, daemon_pid
from clusters.engine.leftovers import CGROUP
from clusters.engine.places import Places, places
from toolchain.errors import UserError


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Places:
    """A machine on which no engine runs: an empty cache, no socket in the usual place, a docker that fails."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/docker").write_text("#!/bin/sh\necho 'Cannot connect to the Docker daemon' >&2\nexit 1\n")
    (tmp_path / "bin/docker").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:{os.environ['PATH']}")
    monkeypatch.setenv("MESH_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("DOCKER_HOST", raising=False)
    monkeypatch.setattr(engines, "DEFAULT_SOCKET", f"unix://{tmp_path}/none.sock")
    monkeypatch.setattr(import_module("clusters.engine.places"), "RUN_ROOT", tmp_path / "run")
    where = places()
    where.home.mkdir(parents=True)
    where.run.mkdir(parents=True)
    return where


@pytest.fixture
def docker_answers(tmp_path: Path, machine: Places) -> None:
    (tmp_path / "bin/docker").write_text('#!/bin/sh\n[ "$DOCKER_HOST" = "$ENGINE_AT" ] && echo 28.0.1\n')


@pytest.fixture
def nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)


@pytest.mark.usefixtures("nobody", "machine")
def test_no_engine_and_no_root_is_one_line() -> None:
    line = "no container engine answers, and starting one needs root: start Docker or run this as root"
    with pytest.raises(UserError, match=f"^{line}$"):
        ensure_engine()


@pytest.mark.usefixtures("nobody")
def test_root_file_system_without_root_is_one_line() -> None:
    with pytest.raises(UserError, match=r"^making a node needs root: run this as root, or let [^\n]+$"):
        rootfs.need_root("making a node")


@pytest.mark.usefixtures("machine")
def test_configured_engine_that_does_not_answer_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "tcp://192.0.2.1:2375")
    line = "DOCKER_HOST is tcp://192.0.2.1:2375, but no engine answers there: start it, or unset DOCKER_HOST"
    with pytest.raises(UserError, match=f"^{line}$"):
        ensure_engine()
    assert running_engine() is None
    assert status() == "stopped"


@pytest.mark.usefixtures("docker_answers")
def test_configured_engine_is_used_and_never_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "tcp://engine.example:2375")
    monkeypatch.setenv("ENGINE_AT", "tcp://engine.example:2375")
    found = ensure_engine()
    assert (found.docker_host, found.ours) == ("tcp://engine.example:2375", False)
    assert found.env()["DOCKER_HOST"] == "tcp://engine.example:2375"
    assert status() == "external"
    stop_engine()
    assert status() == "external"


@pytest.mark.usefixtures("docker_answers")
def test_engine_in_the_usual_place_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usual = f"unix://{tmp_path}/docker.sock"
    monkeypatch.setattr(engines, "DEFAULT_SOCKET", usual)
    monkeypatch.setenv("ENGINE_AT", usual)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "docker.sock"))
        assert ensure_engine().docker_host == usual
        assert status() == "external"


def test_engine_that_was_killed_is_dead_and_one_never_started_stopped(machine: Places) -> None:
    assert status() == "stopped"
    _write_state(machine, {"boot": "1"})
    assert status() == "dead"


@pytest.mark.parametrize("text", [None, "", "{ half", "[1]", '"text"'])
def test_state_that_cannot_be_read_is_empty(machine: Places, text: str | None) -> None:
    if text is not None:
        machine.state.write_text(text)
    assert _read_state(machine) == {}


def test_state_is_read_as_it_was_written(machine: Places) -> None:
    _write_state(machine, {"boot": "1", "sysctls": {"kernel.panic": "0"}})
    assert _read_state(machine) == {"boot": "1", "sysctls": {"kernel.panic": "0"}}
    assert list(machine.home.iterdir()) == [machine.state], "nothing half-written is left"


@pytest.mark.parametrize("content", ["", "no number", "999999999", "ours"])
def test_pidfile_of_a_dead_engine_names_no_daemon(machine: Places, content: str) -> None:
    """Its process id may have gone to somebody else since: here, to this test."""
    machine.pidfile.write_text(str(os.getpid()) if content == "ours" else content)
    assert daemon_pid(machine) is None


def test_socket_that_nobody_serves_does_not_answer(machine: Places, tmp_path: Path) -> None:
    machine.socket.write_text("no socket")
    assert not answers(machine.docker_host, tmp_path / "bin/docker")


def test_daemon_keeps_to_its_own_folders_and_its_own_group(machine: Places, tmp_path: Path) -> None:
    config = daemon_config(machine, tmp_path, trim=False)
    ours = [config["data-root"], config["exec-root"], config["pidfile"], config["hosts"][0].removeprefix("unix://")]
    assert all(Path(path).is_relative_to(tmp_path) for path in ours)
    assert config["cgroup-parent"] == f"/{CGROUP}"
    assert config["live-restore"] is True, "containers outlive a dockerd that is killed"
    assert "runtimes" not in config
    json.dumps(config)


def test_daemon_trims_capabilities_by_a_runtime_of_ours(machine: Places, tmp_path: Path) -> None:
    config = daemon_config(machine, tmp_path, trim=True)
    assert config["runtimes"][config["default-runtime"]] == {"path": str(machine.runtime)}


def test_socket_path_is_short_enough_whatever_the_cache_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("MESH_CACHE", str(tmp_path / ("long" * 40)))
    assert len(str(places().socket)) < 108


def test_two_cache_folders_have_engines_of_their_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    sockets = set()
    for name in ("one", "other"):
        monkeypatch.setenv("MESH_CACHE", str(tmp_path / name))
        sockets.add(places().socket)
    assert len(sockets) == 2
