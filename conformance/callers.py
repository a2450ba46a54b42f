"""Who sends requests: a pod of the run, or the host itself. Both carry out the plans of wire/client.py."""

from __future__ import annotations

import contextlib
import json
import queue
import subprocess
import threading
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from conformance.kubernetes import Kubernetes
from conformance.timeouts import TIMEOUTS
from conformance.wire import client


class Caller(Protocol):
    """Somebody who sends requests: one plan in (see wire/client.py), one result out."""

    name: str

    def run(self, plan: Mapping[str, Any]) -> dict[str, Any]:
        """Carry out a plan that ends by itself."""

    def run_until(self, plan: Mapping[str, Any]) -> Callable[[], dict[str, Any]]:
        """Start a steady load; the function returned ends it and gives its result."""


class HostCaller:
    """Calls from where the tests run."""

    name = "host"

    def run(self, plan: Mapping[str, Any]) -> dict[str, Any]:
        """See Caller."""
        return client.run(plan, lambda: None)

    def run_until(self, plan: Mapping[str, Any]) -> Callable[[], dict[str, Any]]:
        """See Caller."""
        ended = threading.Event()
        results: queue.Queue[dict[str, Any]] = queue.Queue()
        worker = threading.Thread(target=lambda: results.put(client.run(plan, ended.wait)), daemon=True)
        worker.start()

        def finish() -> dict[str, Any]:
            ended.set()
            return results.get(timeout=TIMEOUTS.steady_load)

        return finish


class PodCaller:
    """Calls from a container, through one `kubectl exec` that stays open between plans."""

    def __init__(self, kubernetes: Kubernetes, namespace: str, pod: str, container: str) -> None:
        self.name = f"{namespace}/{pod}"
        self._kubernetes = kubernetes
        self._command = ("exec", "-i", "-n", namespace, pod, "-c", container, "--", "python3", "-u")
        self._script = "/conformance/client.py"
        self._process: LineProcess | None = None

    def run(self, plan: Mapping[str, Any]) -> dict[str, Any]:
        """See Caller."""
        if self._process is None or self._process.ended:
            self.close()
            self._process = self._open()
        try:
            self._process.write(json.dumps(plan))
            return self._process.read(TIMEOUTS.steady_load)
        except (RuntimeError, OSError):
            self.close()  # a late answer must not be taken for that of the next plan
            raise

    def run_until(self, plan: Mapping[str, Any]) -> Callable[[], dict[str, Any]]:
        """See Caller."""
        process = self._open()
        process.write(json.dumps(plan))

        def finish() -> dict[str, Any]:
            try:
                process.write("end")
                return process.read(TIMEOUTS.request * 2)
            finally:
                process.close()

        return finish

    def script(self, name: str, *arguments: str) -> LineProcess:
        """Start another of the shipped programs in this container; it is ready when this returns."""
        return _ready(LineProcess(self._kubernetes.start(*self._command, f"/conformance/{name}", *arguments)))

    def close(self) -> None:
        """End the open process."""
        if self._process is not None:
            self._process.close()
            self._process = None

    def _open(self) -> LineProcess:
        return _ready(LineProcess(self._kubernetes.start(*self._command, self._script)))


class LineProcess:
    """A process that is talked to in lines of JSON."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self._lines: queue.Queue[str | None] = queue.Queue()
        threading.Thread(target=self._read_lines, daemon=True).start()

    @property
    def ended(self) -> bool:
        """Whether the process is gone."""
        return self._process.poll() is not None

    def write(self, line: str) -> None:
        """Send one line."""
        assert self._process.stdin is not None
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()

    def read(self, timeout: float) -> dict[str, Any]:
        """The next line's content. RuntimeError when the process ended or said nothing for `timeout` seconds."""
        try:
            line = self._lines.get(timeout=timeout)
        except queue.Empty:
            raise RuntimeError(f"no answer from the pod within {timeout:g} s") from None
        if line is None:
            raise RuntimeError(f"the program in the pod ended: {self._complaint()}")
        content: dict[str, Any] = json.loads(line)
        return content

    def close(self) -> None:
        """End the process and everything that belongs to it."""
        if self._process.poll() is None:
            self._process.terminate()
        self._process.wait(timeout=TIMEOUTS.request)
        for stream in (self._process.stdin, self._process.stdout, self._process.stderr):
            if stream is not None:
                with contextlib.suppress(OSError):  # what was left unsent has nobody to go to
                    stream.close()

    def _read_lines(self) -> None:
        assert self._process.stdout is not None
        try:
            for line in self._process.stdout:
                self._lines.put(line)
        except ValueError:
            pass  # closed under us: the end as well
        self._lines.put(None)

    def _complaint(self) -> str:
        if self._process.stderr is None or self._process.stderr.closed:
            return "closed"
        return self._process.stderr.read().strip()[-500:] or "without a word"


def _ready(process: LineProcess) -> LineProcess:
    process.read(TIMEOUTS.kubectl)
    return process
