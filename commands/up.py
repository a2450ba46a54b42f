"""`./mesh up`: from whatever is there to a mesh that is proven to work."""

from __future__ import annotations

import argparse
import time

from commands import cluster, preflight, proof, pulumi
from commands.run_lock import only_run
from commands.session import Session, prepare
from commands.stack import stack_settings
from commands.summary import addresses, table
from toolchain.progress import note


def run(options: argparse.Namespace) -> int:
    """Stand everything up, prove it, print what was found and where the pages are."""
    started = time.monotonic()
    with only_run():
        session = stand_up()
        results = [] if options.skip_proof else proof.smoke(session)
    seconds = time.monotonic() - started
    print(table(results, addresses(session), seconds))
    return 0 if all(result.passed for result in results) else 1


def stand_up() -> Session:
    """A stack that is as the program declares it. Call it with the run lock held."""
    settings = stack_settings()
    preflight.check(settings)
    session = prepare(settings)
    pulumi.wait_for_other_run()
    cluster.heal(settings)
    pulumi.ensure_stack(session.environment)
    note(f"  {pulumi.up(session.environment)}")
    return session
