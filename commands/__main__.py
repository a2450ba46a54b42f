"""Command line of `./mesh`. People's mistakes end in one line, never in a traceback."""

from __future__ import annotations

import argparse
import importlib
import os
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from toolchain.errors import UserError
from toolchain.paths import repo_root

Command = Callable[[argparse.Namespace], int]


def main(argv: Sequence[str]) -> int:
    """Run one command and return the exit status: 0 well, 1 not, 130 interrupted."""
    options = _parser().parse_args(argv, argparse.Namespace(folder=Path.cwd()))
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
    _output(status)
    _tools(commands)
    commands.add_parser("rotate", help="give every workload a new certificate now")
    commands.add_parser("env", help='print exports for pulumi, kubectl and kind: eval "$(./mesh env)"')
    commands.add_parser("lock", help="pin all dependencies anew in requirements.lock")
    return parser


def _tools(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Commands that only look."""
    proxies = commands.add_parser("proxy-status", help="show each proxy, and of each type whether it has the newest")
    _output(proxies)
    config = commands.add_parser("proxy-config", help="show what the control plane gives one proxy")
    config.add_argument("type", choices=("listeners", "routes", "clusters", "endpoints", "secrets"))
    config.add_argument("pod", metavar="POD[.NAMESPACE]", help="namespace: default")
    _output(config)
    analyze = commands.add_parser("analyze", help="judge objects in files or in the cluster; exit status 1 for errors")
    analyze.add_argument("files", nargs="*", metavar="FILE", help="YAML or JSON, or folders of it; - is standard input")
    analyze.add_argument("-n", "--namespace", help="judge in the cluster: its objects of this namespace, or the files")
    analyze.add_argument("-A", "--all-namespaces", action="store_true", help="judge all objects of the cluster")
    _output(analyze)
    describe = commands.add_parser("describe", help="show which policies act on a pod or a service, and why")
    describe.add_argument("kind", choices=("pod", "service"))
    describe.add_argument("name", metavar="NAME[.NAMESPACE]", help="namespace: default")
    _output(describe)


def _output(command: argparse.ArgumentParser) -> None:
    command.add_argument("-o", "--output", choices=("text", "json"), default="text")


def _command(name: str) -> Command:
    """Imported when it is called for: `status` shall not wait for what only `up` needs."""
    command: Command = importlib.import_module(f"commands.{name.replace('-', '_')}").run
    return command


def _interrupt(_number: int, _frame: object) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
