"""`./mesh test`: every check there is. The last line adds them up, the exit status says if all passed."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

from commands import proof, pulumi
from commands.results import Result, single, total_line
from commands.run_lock import only_run
from commands.session import Session
from commands.suite import check, pytest_suite
from commands.summary import addresses, table
from commands.up import stand_up
from toolchain.aside import aside
from toolchain.errors import UserError
from toolchain.paths import repo_root
from toolchain.progress import note

LOAD_SECONDS = 60
ROOMS = (
    "mesh_stack",
    "commands",
    "clusters",
    "toolchain",
    "meshd",
    "sample_app",
    "conformance",
    "acceptance",
    "loadtests",
    "benchmarks",
    "tests",
)


def run(_options: argparse.Namespace) -> int:
    """Checks of the code, then checks of the running mesh, each whether or not those before it passed.

    Unit tests go on beside the cluster's, and take only the processors' time that those leave.
    """
    started = time.monotonic()
    with only_run():
        results = without_a_cluster()
        pages: dict[str, str] = {}
        with aside(lambda: results.append(unit_tests())):
            try:
                session = stand_up()
                pages = addresses(session)
                results += with_a_cluster(session)
            except UserError as error:
                note(f"mesh: {error}")
                results.append(single("Stand up", False, "see above"))
    print(table(results, pages, time.monotonic() - started))
    print(total_line(results))
    return 0 if all(result.passed for result in results) else 1


def without_a_cluster() -> list[Result]:
    """Lint, types and import contracts."""
    rooms = [room for room in ROOMS if (repo_root() / room).is_dir()]
    return [
        check("Lint", ["ruff", "check", "."], {}),
        check("Format", ["ruff", "format", "--check", "."], {}),
        check("Types", ["mypy", *rooms, "__main__.py"], {}),
        check("Import contracts", ["lint-imports"], {}),
    ]


def unit_tests() -> Result:
    return pytest_suite("Unit tests", ["tests", "-n", "2"], {}, niceness=19)


def with_a_cluster(session: Session) -> list[Result]:
    """Conformance with its seeded faults, acceptance, load, and what Pulumi thinks of it all afterwards."""
    return [
        proof.conformance(session, "Conformance", []),
        proof.acceptance(session),
        *proof.load(session, f"Load for {LOAD_SECONDS} s", LOAD_SECONDS),
        _clean("Second preview changes nothing", pulumi.preview_is_clean, session),
        _clean("Refresh finds no drift", pulumi.refresh_is_clean, session),
    ]


def _clean(name: str, ask: Callable[[dict[str, str]], None], session: Session) -> Result:
    try:
        ask(dict(session.environment))
    except UserError as error:
        note(f"  {error}")
        return single(name, False, "see above")
    return single(name, True)
