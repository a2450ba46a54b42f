"""Starts and ends the project's own dockerd."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from clusters import docker
from clusters.engine import runc_wrapper
from clusters.engine.leftovers import CGROUP
from clusters.engine.places import Places
from toolchain.errors import UserError

START_SECONDS = 60.0
STOP_SECONDS = 30.0


def capabilities_are_short() -> bool:
    """Whether this process cannot hand on every capability the kernel knows, so that `--privileged` would
    fail.
    """
    last = int(Path("/proc/sys/kernel/cap_last_cap").read_text())
    return bool(runc_wrapper.missing_capabilities(Path("/proc/self/status").read_text(), last))


def daemon_config(where: Places, binaries: Path, trim: bool) -> dict[str, Any]:
    """dockerd's settings. No default bridge: kind makes a network of its own and nothing else needs one.

    `trim` registers the runc wrapper as the default runtime.
    """
    config: dict[str, Any] = {
        "bridge": "none",
        "cgroup-parent": f"/{CGROUP}",
        "data-root": str(where.data_root),
        "exec-opts": ["native.cgroupdriver=cgroupfs"],
        "exec-root": str(where.exec_root),
        "hosts": [where.docker_host],
        "live-restore": True,
        "log-driver": "json-file",
        "log-level": "warn",
        "log-opts": {"max-size": "20m", "max-file": "2"},
        "oom-score-adjust": 0,
        "pidfile": str(where.pidfile),
        "userland-proxy-path": str(binaries / "docker-proxy"),
    }
    if trim:
        config |= {"runtimes": {"trimmed": {"path": str(where.runtime)}}, "default-runtime": "trimmed"}
    return config


def write_settings(where: Places, binaries: Path) -> None:
    """Write dockerd's config file and, where needed, the runtime it names."""
    where.home.mkdir(parents=True, exist_ok=True)
    where.run.mkdir(parents=True, exist_ok=True)
    trim = capabilities_are_short()
    if trim:
        script = where.home / "runc_wrapper.py"
        script.write_text(Path(runc_wrapper.__file__).read_text())
        words = [os.path.realpath(sys.executable), "-I", "-S", "-E", str(script), str(binaries / "runc")]
        where.runtime.write_text(f'#!/bin/sh\nexec {shlex.join(words)} "$@"\n')
        where.runtime.chmod(0o755)
    where.config.write_text(json.dumps(daemon_config(where, binaries, trim), indent=1))


def start(where: Places, binaries: Path) -> None:
    """Start dockerd, detached from this process and its terminal, and wait until it answers.

    Raises UserError with the end of its log when it ends or does not answer in time.
    """
    write_settings(where, binaries)
    path = f"{binaries}{os.pathsep}{os.environ.get('PATH', os.defpath)}{os.pathsep}/usr/sbin{os.pathsep}/sbin"
    with where.log.open("wb") as log:
        process = subprocess.Popen(
            [str(binaries / "dockerd"), "--config-file", str(where.config)],
            cwd="/",
            env={**os.environ, "PATH": path, "DOCKER_HOST": ""},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if docker.answers(where.docker_host, binaries / "docker"):
            return
        if process.poll() is not None:
            break
        time.sleep(0.1)
    last = "\n".join(where.log.read_text(errors="replace").splitlines()[-5:])
    raise UserError(f"the container engine did not start; its log {where.log} ends:\n{last}")


def daemon_pid(where: Places) -> int | None:
    """Process id of our running dockerd, None when there is none (a stale pidfile may lie there)."""
    try:
        pid = int(where.pidfile.read_text())
        command = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except (OSError, ValueError):
        return None
    return pid if str(where.config).encode() in command else None


def stop(where: Places) -> None:
    """End our dockerd and wait for it; SIGKILL after STOP_SECONDS."""
    pid = daemon_pid(where)
    if pid is None:
        return
    for how, patience in ((signal.SIGTERM, STOP_SECONDS), (signal.SIGKILL, 5.0)):
        try:
            os.kill(pid, how)
        except ProcessLookupError:
            return
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline:
            if daemon_pid(where) is None or _is_zombie(pid):
                return
            time.sleep(0.05)


def _is_zombie(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True
