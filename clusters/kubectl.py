"""Asks a cluster's API through kubectl, which needs no environment of Python packages."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from toolchain import ensure
from toolchain.errors import UserError
from toolchain.run import run


@contextmanager
def kubeconfig_file(text: str) -> Iterator[Path]:
    """A file, readable by us alone, that holds a kubeconfig's text for as long as the block runs."""
    with tempfile.NamedTemporaryFile("w", prefix="kubeconfig-") as file:
        file.write(text)
        file.flush()
        yield Path(file.name)


def kubectl(kubeconfig: str, *words: str, timeout: float = 30) -> str:
    """Standard output of `kubectl <words>` against the cluster of a kubeconfig's text."""
    with kubeconfig_file(kubeconfig) as file:
        return run([ensure("kubectl"), "--kubeconfig", file, *words], timeout=timeout)


def api_answers(kubeconfig: str, seconds: int = 5) -> bool:
    """Whether the API server says it is ready, within `seconds`."""
    try:
        words = ("get", "--raw", "/readyz", f"--request-timeout={seconds}s")
        return kubectl(kubeconfig, *words, timeout=seconds + 2).strip() == "ok"
    except UserError:
        return False


def wait_for_nodes(kubeconfig: str, seconds: int) -> bool:
    """Wait until every node is Ready; False when that takes longer than `seconds`."""
    try:
        words = ("wait", "--for=condition=Ready", "node", "--all", f"--timeout={seconds}s")
        kubectl(kubeconfig, *words, timeout=seconds + 5)
    except UserError:
        return False
    return True
