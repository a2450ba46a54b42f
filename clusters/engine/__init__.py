"""Finds a container engine, or runs one of the project's own beside whatever the machine has.

`ensure_engine` takes an engine that already answers. Where none does, and we are root, it starts a dockerd
with its own socket, data, settings and control groups, so that the machine's Docker settings stay as they
are. That engine outlives its starter, comes back after a kill or a reboot, and `stop_engine` leaves nothing
of it but its images.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Literal

from clusters.docker import Engine, answers, docker_client
from clusters.engine import daemon, host_settings, leftovers
from clusters.engine.places import Places, places
from toolchain import ensure, find
from toolchain.errors import UserError
from toolchain.progress import note, step

NO_ENGINE = "no container engine answers, and starting one needs root: start Docker or run this as root"
DEFAULT_SOCKET = "unix:///var/run/docker.sock"

Status = Literal["external", "running", "dead", "stopped"]


def ensure_engine() -> Engine:
    """An engine that answers: our own if it runs, else DOCKER_HOST or the default socket, else our own,
    started.

    Raises UserError when DOCKER_HOST names an engine that does not answer, and when ours cannot be started.
    """
    where = places()
    found = _running_engine(where)
    if found:
        return found
    if os.geteuid() != 0:
        raise UserError(NO_ENGINE)
    with _locked(where):
        if not answers(where.docker_host, _binaries() / "docker"):
            _start(where)
    return _ours(where)


def running_engine() -> Engine | None:
    """The engine `ensure_engine` would return without starting one; None when there is none."""
    return _running_engine(places(), starting=False)


def status() -> Status:
    """`external`: another's engine answers. `running`, `dead` (killed or rebooted away), `stopped`: ours."""
    where = places()
    found = _running_engine(where, starting=False)
    if found:
        return "running" if found.ours else "external"
    return "dead" if where.state.exists() else "stopped"


def stop_engine() -> None:
    """End our engine with all its containers and networks, and put the machine's settings back.

    Its images stay for the next start. Does nothing to engines we did not start, and nothing when ours is not
    there.
    """
    where = places()
    if not where.state.exists():
        return
    with _locked(where), step("Stopping the container engine"):
        if find("dockerd") and daemon.daemon_pid(where):
            _remove_containers(_ours(where))
        daemon.stop(where)
        leftovers.end(leftovers.stray_processes(where))
        before = _read_state(where)
        leftovers.remove_bridges(where, before.get("interfaces", []))
        host_settings.restore(before)
        leftovers.clear_run_folder(where)
        leftovers.remove_cgroups()
        where.state.unlink(missing_ok=True)


def _running_engine(where: Places, starting: bool = True) -> Engine | None:
    configured = os.environ.get("DOCKER_HOST", "")
    if where.socket.is_socket() and configured in ("", where.docker_host):
        client = find("dockerd")
        if client and answers(where.docker_host, client / "docker"):
            return _ours(where)
    if configured and configured != where.docker_host:
        client = docker_client()
        if answers(configured, client):
            return Engine(configured, client, ours=False)
        if starting:
            raise UserError(f"DOCKER_HOST is {configured}, but no engine answers there: start it, or unset DOCKER_HOST")
        return None
    if Path(DEFAULT_SOCKET.removeprefix("unix://")).is_socket():
        client = docker_client()
        if answers(DEFAULT_SOCKET, client):
            return Engine(DEFAULT_SOCKET, client, ours=False)
    return None


def _start(where: Places) -> None:
    _clean_after_death(where)
    with step("Starting a container engine"):
        if not where.state.exists():
            _write_state(where, {**host_settings.read(), "boot": _boot_id()})
        else:
            _write_state(where, _read_state(where) | {"boot": _boot_id()})
        daemon.start(where, _binaries())


def _clean_after_death(where: Places) -> None:
    """Make way for a new dockerd where one was killed or the machine went down; say which it was.

    Containers whose supervisors still run are kept: the new dockerd takes them over.
    """
    daemon.stop(where)  # runs, but does not answer
    if not where.state.exists():
        leftovers.clear_run_folder(where)
        return
    rebooted = _read_state(where).get("boot") != _boot_id()
    if rebooted:
        where.state.unlink()  # the settings it remembers ended with that boot
    alive = leftovers.shims(where)
    if not alive:
        leftovers.end(leftovers.stray_processes(where))
        leftovers.clear_run_folder(where)
    else:
        leftovers.end(pid for pid in leftovers.stray_processes(where) if _is_daemon(pid))
        leftovers.forget_daemons(where)
    why = "the machine was restarted" if rebooted else "it had been killed"
    kept = f"; {len(alive)} running container(s) kept" if alive else ""
    note(f"healing the container engine: {why}{kept}")


def _is_daemon(pid: int) -> bool:
    with suppress(OSError):
        return Path(f"/proc/{pid}/comm").read_text().strip() in ("dockerd", "containerd")
    return False


def _remove_containers(engine: Engine) -> None:
    containers = (engine.try_docker("ps", "-aq") or "").split()
    if containers:
        engine.try_docker("rm", "-f", "-v", *containers)
    networks = (engine.try_docker("network", "ls", "-q", "--filter", "type=custom") or "").split()
    if networks:
        engine.try_docker("network", "rm", *networks)


def _ours(where: Places) -> Engine:
    return Engine(where.docker_host, _binaries() / "docker", ours=True)


def _binaries() -> Path:
    return ensure("dockerd")


@contextmanager
def _locked(where: Places) -> Iterator[None]:
    """One starter or stopper at a time; a killed one's lock goes with it."""
    where.home.mkdir(parents=True, exist_ok=True)
    with where.lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _boot_id() -> str:
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()


def _read_state(where: Places) -> dict[str, Any]:
    try:
        state = json.loads(where.state.read_text())
    except (OSError, ValueError):
        return {}
    return state if isinstance(state, dict) else {}


def _write_state(where: Places, state: dict[str, Any]) -> None:
    fresh = where.state.with_suffix(".new")
    fresh.write_text(json.dumps(state, indent=1))
    fresh.replace(where.state)


__all__ = ["Engine", "Status", "ensure_engine", "running_engine", "status", "stop_engine"]
