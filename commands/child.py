"""Children that are read line by line and do not outlive us, also when we are killed without a chance to end them."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence

from toolchain.paths import repo_root

PR_SET_PDEATHSIG = 1


def start(argv: Sequence[str], environment: Mapping[str, str]) -> subprocess.Popen[str]:
    """`argv` in the checkout with `environment` laid over the current one; both its outputs come as one text.

    In a session of its own: a Ctrl-C is ours to pass on, once.
    """
    return subprocess.Popen(
        argv,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        env={**os.environ, **environment},
        cwd=repo_root(),
        start_new_session=True,
        preexec_fn=end_with_parent,
    )


def end_with_parent() -> None:
    """Called in a child before it becomes the command: it gets SIGINT when its parent is gone (Linux)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGINT)
