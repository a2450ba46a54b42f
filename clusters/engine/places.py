"""Where the project's own engine keeps things.

Data (images, containers) and settings live in the cache folder, so a later start is warm. Sockets and run-
time state live under /run: a Unix socket's path may be 107 bytes at most, which a cache folder's path easily
exceeds.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from toolchain.paths import cache_dir

RUN_ROOT = Path("/run/mesh-stack")


@dataclass(frozen=True)
class Places:
    """Files and folders of the one engine that belongs to a cache folder."""

    home: Path
    run: Path

    @property
    def data_root(self) -> Path:
        return self.home / "data"

    @property
    def config(self) -> Path:
        return self.home / "daemon.json"

    @property
    def log(self) -> Path:
        return self.home / "dockerd.log"

    @property
    def state(self) -> Path:
        """What the last start found and changed on the machine; removed by a clean stop."""
        return self.home / "started.json"

    @property
    def lock(self) -> Path:
        return self.home / "lock"

    @property
    def runtime(self) -> Path:
        """The runc wrapper's start script."""
        return self.home / "runc"

    @property
    def exec_root(self) -> Path:
        return self.run / "exec"

    @property
    def pidfile(self) -> Path:
        return self.run / "docker.pid"

    @property
    def socket(self) -> Path:
        return self.run / "docker.sock"

    @property
    def docker_host(self) -> str:
        return f"unix://{self.socket}"


def places() -> Places:
    """The places that belong to the present cache folder. Makes nothing."""
    cache = cache_dir()
    key = hashlib.sha256(str(cache.resolve()).encode()).hexdigest()[:8]
    return Places(home=cache / "engine", run=RUN_ROOT / key)
