"""`python -m toolchain ensure NAME…` prints the tools' paths; `… list` shows which tools are there."""

from __future__ import annotations

import argparse
import sys

from toolchain.errors import UserError
from toolchain.resolve import ensure_all, find, origin
from toolchain.table import TOOLS


def main(arguments: list[str] | None = None) -> int:
    """Run one command; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m toolchain", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    wanted = commands.add_parser("ensure", help="find or make tools and print their paths, one a line")
    wanted.add_argument("names", nargs="+", metavar="NAME", help=f"one of: {', '.join(TOOLS)}; or all")
    commands.add_parser("list", help="every tool: name, version, where it came from, path")
    chosen = parser.parse_args(arguments)
    try:
        if chosen.command == "list":
            _list()
        else:
            names = list(TOOLS) if chosen.names == ["all"] else chosen.names
            for place in ensure_all(names).values():
                print(place)
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("interrupted; the next run continues from here", file=sys.stderr)
        return 130
    return 0


def _list() -> None:
    for tool in TOOLS.values():
        place = find(tool.name)
        source = origin(tool.name) if place else "not here yet"
        print(f"{tool.name:27} {tool.version:9} {source}" + (f"  {place}" if place else ""))


if __name__ == "__main__":
    sys.exit(main())
