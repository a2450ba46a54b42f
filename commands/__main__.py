"""Command line of `./mesh`. People's mistakes end in one line, never in a traceback."""

from __future__ import annotations

import argparse
import importlib
import os
import signal
import sys
from collections.abc import Callable, Sequence

from toolchain.errors import UserError
from toolchain.paths import repo_root

Command = Callable[[argparse.Namespace], int]


def main(argv: Sequence[str]) -> int:
    """Run one command and return the exit status: 0 well, 1 not, 130 interrupted."""
    options = _parser().parse_args(argv)
    os.chdir(repo_root())
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        return _command(options.command)(options)
    except UserError as error:
        print(f"mesh: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nmesh: interrupted; run it again to go on from here", file=sys.stderr)
        return 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="mesh", description="A proven service mesh on a Kubernetes cluster, by one command."
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    up = commands.add_parser("up", help="stand up cluster, mesh and shop, and prove that they work")
    up.add_argument("--skip-proof", action="store_true", help="do not run the smoke tests and the load")
    commands.add_parser("test", help="run every check there is, on the running cluster or a new one")
    commands.add_parser("down", help="remove cluster, engine and processes; tools and images stay cached")
    status = commands.add_parser("status", help="show cluster, control plane, proxies and their sync state")
    status.add_argument("-o", "--output", choices=("text", "json"), default="text")
    commands.add_parser("rotate", help="give every workload a new certificate now")
    commands.add_parser("env", help='print exports for pulumi, kubectl and kind: eval "$(./mesh env)"')
    commands.add_parser("lock", help="pin all dependencies anew in requirements.lock")
    return parser


def _command(name: str) -> Command:
    """Imported when it is called for: `status` shall not wait for what only `up` needs."""
    command: Command = importlib.import_module(f"commands.{name}").run
    return command


def _interrupt(_number: int, _frame: object) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
