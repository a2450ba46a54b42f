"""Puts the load tests' own hosts on the gateway for the length of a run, by kubectl."""

from __future__ import annotations

import http.client
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

MANIFESTS = Path(__file__).parent / "manifests"
KUBECTL_SECONDS = 60.0
PROBE_SECONDS = 5.0
READY_SECONDS = 60.0
SUCCESSES = 5


class LoadTestError(Exception):
    """The run cannot begin; the message says why and what to do."""


@dataclass(frozen=True)
class Cluster:
    """kubectl on the cluster that the shop runs in."""

    kubectl: str
    kubeconfig: Path
    context: str | None
    namespace: str

    def run(self, *arguments: str) -> None:
        """Raises LoadTestError with kubectl's words when it fails."""
        context = ("--context", self.context) if self.context else ()
        command = [self.kubectl, f"--kubeconfig={self.kubeconfig}", *context, "-n", self.namespace, *arguments]
        try:
            subprocess.run(command, check=True, capture_output=True, text=True, timeout=KUBECTL_SECONDS)
        except FileNotFoundError as error:
            raise LoadTestError(f"there is no kubectl at {self.kubectl}; name it with --kubectl") from error
        except subprocess.CalledProcessError as error:
            raise LoadTestError(f"kubectl {arguments[0]}: {error.stderr.strip()}") from error
        except subprocess.TimeoutExpired as error:
            raise LoadTestError(f"kubectl {arguments[0]} took more than {KUBECTL_SECONDS:g} s") from error


@contextmanager
def entrance(cluster: Cluster) -> Iterator[None]:
    """The manifests applied for the length of a block."""
    files = [f"--filename={path}" for path in sorted(MANIFESTS.glob("*.yaml"))]
    cluster.run("apply", "--server-side", "--force-conflicts", "--field-manager=mesh-loadtests", *files)
    try:
        yield
    finally:
        cluster.run("delete", "--ignore-not-found", "--wait=false", *files)


def status_at(url: str, host: str | None, path: str) -> int:
    """The status of one GET; 0 without an answer."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port or 80, timeout=PROBE_SECONDS)
    try:
        connection.request("GET", path, headers={"Host": host} if host else {})
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return 0
    finally:
        connection.close()


def await_routes(
    url: str,
    probes: Sequence[tuple[str | None, str]],
    ask: Callable[[str, str | None, str], int] = status_at,
    within: float = READY_SECONDS,
) -> None:
    """Wait until each (host, path) has answered 200 several times in a row. Raises LoadTestError."""
    deadline = time.monotonic() + within
    for host, path in probes:
        in_a_row = 0
        while in_a_row < SUCCESSES:
            status = ask(url, host, path)
            in_a_row = in_a_row + 1 if status == 200 else 0
            if status != 200 and time.monotonic() >= deadline:
                answer = f"status {status}" if status else "no answer"
                raise LoadTestError(
                    f"{answer} for {host or 'any host'}{path} at {url} after {within:g} s; is the shop running there?"
                )
            if status != 200:
                time.sleep(0.2)
