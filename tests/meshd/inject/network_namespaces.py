"""A client and a pod, each with a network of its own on this machine's kernel.

client 10.77.0.1 ── veth ── 10.77.0.2 pod
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

needs_namespaces = pytest.mark.skipif(
    os.geteuid() != 0 or not all(map(shutil.which, ("ip", "unshare", "nsenter", "iptables-restore", "curl"))),
    reason="needs root, iproute2, iptables and curl",
)
CLIENT, POD = "10.77.0.1", "10.77.0.2"
_TELLER = str(Path(__file__).with_name("destination_teller.py"))


class Namespace:
    """A network namespace, held by a process."""

    def __init__(self) -> None:
        self._processes: list[subprocess.Popen[str]] = []
        self._start("unshare", "-n", "sh", "-c", "echo ready; exec sleep 600")
        self.pid = str(self._processes[0].pid)
        self.run("ip", "link", "set", "lo", "up")

    def run(self, *command: str, text: str | None = None) -> str:
        """Output of a command inside."""
        done = subprocess.run(
            ["nsenter", "-t", self.pid, "-n", *command],
            input=text,
            capture_output=True,
            text=True,
            timeout=20,
            check=False,
        )
        assert done.returncode == 0, f"{command}: {done.stderr}"
        return done.stdout.strip()

    def address(self, link: str, address: str) -> None:
        self.run("ip", "address", "add", f"{address}/24", "dev", link)
        self.run("ip", "link", "set", link, "up")

    def listen(self, *ports: int) -> None:
        self.start(sys.executable, _TELLER, *map(str, ports))

    def start(self, *command: str) -> None:
        """Run a command inside that says "ready" and goes on."""
        self._start("nsenter", "-t", self.pid, "-n", *command)

    def start_quiet(self, *command: str) -> None:
        """Run a command inside that goes on and says nothing."""
        self._processes.append(subprocess.Popen(["nsenter", "-t", self.pid, "-n", *command], text=True))

    def ask(self, target: str, user: int = 0, source: str = "") -> str:
        """Who took a connection to `target`, and whom it was meant for: "15001 10.77.0.1:80"."""
        return self.run(sys.executable, _TELLER, "--ask", target, str(user), source)

    def close(self) -> None:
        for process in reversed(self._processes):
            process.kill()
            process.wait()
            if process.stdout:
                process.stdout.close()

    def _start(self, *command: str) -> None:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        self._processes.append(process)
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"


@contextmanager
def client_and_pod() -> Iterator[tuple[Namespace, Namespace]]:
    """Both with listeners on 80, 443 and 5432; the pod's proxy ports, too, have a listener."""
    client, pod = Namespace(), Namespace()
    try:
        words = [
            "link",
            "add",
            "client0",
            "netns",
            client.pid,
            "type",
            "veth",
            "peer",
            "name",
            "pod0",
            "netns",
            pod.pid,
        ]
        subprocess.run(["ip", *words], check=True, timeout=20)
        client.address("client0", CLIENT)
        pod.address("pod0", POD)
        client.listen(80, 443, 5432)
        pod.listen(80, 443, 5432, 15001, 15006, 15021)
        yield client, pod
    finally:
        client.close()
        pod.close()
