"""`./mesh rotate`: every workload gets a new certificate now, while requests go on."""

from __future__ import annotations

import argparse

from commands.control_plane import ask, replicas
from toolchain.errors import UserError


def run(_options: argparse.Namespace) -> int:
    """Ask every replica, for each has made the certificates of the proxies that are connected to it."""
    found = replicas()
    if not found:
        raise UserError("no control plane answers: is the stack up? (./mesh up)")
    renewed = sum(int(ask(replica, "/rotate", "POST")["renewed"]) for replica in found)
    print(f"{renewed} workload certificates renewed")
    return 0
