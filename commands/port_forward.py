"""A port of this machine that leads to a pod's, through kubectl, for as long as a block runs."""

from __future__ import annotations

import re
import select
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from commands.child import end_with_parent
from toolchain.errors import UserError

START_SECONDS = 10.0
FORWARDING = re.compile(r"127\.0\.0\.1:(\d+) ->")


@contextmanager
def port_forward(kubectl: str, kubeconfig: Path, namespace: str, pod: str, port: int) -> Iterator[int]:
    """The local port. Raises UserError when kubectl cannot reach the pod."""
    words = ["--kubeconfig", str(kubeconfig), "-n", namespace, "port-forward", f"pod/{pod}", f":{port}"]
    process = subprocess.Popen(
        [kubectl, *words],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        preexec_fn=end_with_parent,
    )
    try:
        yield _local_port(process, pod)
    finally:
        process.terminate()
        process.wait()


def _local_port(process: subprocess.Popen[str], pod: str) -> int:
    assert process.stdout is not None
    ready, _, _ = select.select([process.stdout], [], [], START_SECONDS)
    line = process.stdout.readline() if ready else ""
    found = FORWARDING.search(line)
    if not found:
        raise UserError(f"kubectl port-forward to {pod} failed: {line.strip() or 'no answer'}")
    return int(found[1])
