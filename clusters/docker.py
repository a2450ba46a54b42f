"""Talks to a container engine through the `docker` command."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from toolchain import ensure
from toolchain.errors import UserError
from toolchain.run import run

PING_SECONDS = 5.0

Stream = int | IO[bytes] | None


@dataclass(frozen=True)
class Engine:
    """A container engine that answers.

    `docker_host` is its address as DOCKER_HOST takes it; `client` the docker command to use with it; `ours`
    tells whether this project started it (and so may stop it).
    """

    docker_host: str
    client: Path
    ours: bool

    def env(self) -> dict[str, str]:
        """Environment for docker, kind and everything else that shall use this engine."""
        path = f"{self.client.parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
        return {"DOCKER_HOST": self.docker_host, "DOCKER_BUILDKIT": "0", "PATH": path}

    def docker(self, *words: str | Path, timeout: float | None = 120) -> str:
        """Standard output of `docker <words>`; UserError with its last lines when it fails."""
        return run([self.client, *words], env=self.env(), timeout=timeout)

    def try_docker(self, *words: str | Path, timeout: float = 60) -> str | None:
        """As `docker`, but None when it fails: for questions whose answer may be no."""
        try:
            return self.docker(*words, timeout=timeout)
        except UserError:
            return None

    def popen(
        self, *words: str | Path, stdin: Stream = None, stdout: Stream = None, stderr: Stream = None
    ) -> subprocess.Popen[bytes]:
        """Start `docker <words>` with pipes, for streams too large to hold."""
        return subprocess.Popen(
            [str(self.client), *map(str, words)],
            env={**os.environ, **self.env()},
            stdin=stdin,
            stdout=stdout,
            stderr=stderr,
        )


def docker_client() -> Path:
    """The docker command: the machine's own, else the toolchain's."""
    on_path = shutil.which("docker")
    return Path(on_path) if on_path else ensure("dockerd") / "docker"


def answers(docker_host: str, client: Path, timeout: float = PING_SECONDS) -> bool:
    """Whether an engine answers at `docker_host` within `timeout` seconds."""
    if docker_host.startswith("unix://") and not Path(docker_host.removeprefix("unix://")).is_socket():
        return False
    words: list[str | Path] = [client, "version", "--format", "{{.Server.Version}}"]
    try:
        return bool(run(words, env={"DOCKER_HOST": docker_host}, timeout=timeout).strip())
    except UserError:
        return False
