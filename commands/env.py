"""`./mesh env`: what a shell needs so that pulumi, kubectl, kind and docker work by hand on this stack."""

from __future__ import annotations

import argparse
import shlex

from commands.session import prepare


def run(_options: argparse.Namespace) -> int:
    """Print one `export` for each variable; progress goes to stderr."""
    for name, value in sorted(prepare().environment.items()):
        print(f"export {name}={shlex.quote(value)}")
    return 0
