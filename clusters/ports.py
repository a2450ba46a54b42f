"""Whether a TCP port of this machine is free, and who holds it when it is not."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from toolchain.errors import UserError

LISTEN = "0A"


def must_be_free(ports: Mapping[str, int]) -> None:
    """UserError for the first port (by its configuration key) that something listens on at 127.0.0.1."""
    for key, port in ports.items():
        if not is_free(port):
            raise UserError(taken(key, port, holder(port)))


def taken(key: str, port: int, process: str | None) -> str:
    """The error line for a port that is in use."""
    by = f" by {process}" if process else ""
    return f"port {port} is taken{by}: free it, or choose another: pulumi config set mesh:{key} PORT"


def is_free(port: int) -> bool:
    """Whether a server could listen on 127.0.0.1:`port` now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def holder(port: int) -> str | None:
    """`name (pid N)` of the process that listens on `port`, where we may know."""
    wanted = {f"socket:[{inode}]" for inode in _listening_inodes(port)}
    for folder in Path("/proc").glob("[0-9]*/fd") if wanted else ():
        with suppress(OSError):
            for entry in folder.iterdir():
                if os.readlink(entry) in wanted:
                    name = (folder.parent / "comm").read_text().strip()
                    return f"{name} (pid {folder.parent.name})"
    return None


def _listening_inodes(port: int) -> set[str]:
    inodes = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        with suppress(OSError):
            for line in Path(table).read_text().splitlines()[1:]:
                fields = line.split()
                if fields[3] == LISTEN and int(fields[1].rpartition(":")[2], 16) == port:
                    inodes.add(fields[9])
    return inodes
