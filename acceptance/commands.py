"""`./mesh` as people run it, on the stack that is looked at."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent


def mesh(*words: str, stdin: str = "") -> tuple[str, int]:
    """What a command prints, and its exit status. Errors are shown where a test fails for them."""
    command = [sys.executable, "-m", "commands", *words]
    done = subprocess.run(command, cwd=ROOT, input=stdin, capture_output=True, text=True, check=False)
    assert "Traceback" not in done.stderr, done.stderr
    return done.stdout + done.stderr, done.returncode
