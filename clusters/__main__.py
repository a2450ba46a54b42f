"""Tries the room by hand: `python -m clusters up | down | status`."""

from __future__ import annotations

import argparse
import sys

from clusters import ClusterSpec, get
from clusters.engine import status, stop_engine
from toolchain.errors import UserError
from toolchain.paths import state_dir


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m clusters", description=__doc__)
    parser.add_argument("command", choices=("up", "down", "status"))
    parser.add_argument("--name", default="mesh", help="the cluster's name (%(default)s)")
    options = parser.parse_args()
    try:
        {"up": _up, "down": _down, "status": _status}[options.command](options.name)
    except UserError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _up(name: str) -> None:
    handle = get("kind").create(ClusterSpec(name))
    file = state_dir() / "kubeconfig"
    file.touch(mode=0o600)
    file.write_text(handle.kubeconfig)
    print(f"cluster {name} is ready: KUBECONFIG={file}")


def _down(name: str) -> None:
    get("kind").delete(name)
    stop_engine()
    (state_dir() / "kubeconfig").unlink(missing_ok=True)


def _status(name: str) -> None:
    print(f"engine: {status()}")
    print(f"cluster {name}: {'ready' if get('kind').read(name) else 'not there'}")


if __name__ == "__main__":
    sys.exit(main())
