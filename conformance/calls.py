"""Requests as tests see them: who calls (a pod, or the host through the gateway), what is asked, what came back."""

from __future__ import annotations

import contextlib
import json
import queue
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from conformance.convergence import eventually
from conformance.kubernetes import Kubernetes
from conformance.timeouts import TIMEOUTS
from conformance.wire import client


@dataclass(frozen=True)
class Response:
    """What came back: a status, or an error when there was no answer. Header names are in lower case."""

    status: int | None
    error: str | None
    headers: Mapping[str, str]
    body: str
    seconds: float

    @property
    def version(self) -> str:
        """The backend version that answered, empty when none did."""
        return self.headers.get("x-echo-version", "")

    @property
    def pod(self) -> str:
        """The backend pod that answered, empty when none did."""
        return self.headers.get("x-echo-pod", "")

    @property
    def seen(self) -> dict[str, Any]:
        """What the backend says it received."""
        content: dict[str, Any] = json.loads(self.body)
        return content

    def __str__(self) -> str:
        if self.error:
            return f"no answer ({self.error})"
        return f"{self.status} from {self.version or 'no backend'}: {self.body[:120]}"


@dataclass(frozen=True)
class Tally:
    """Many equal requests counted: by status, by error, by a header's value (the version unless told)."""

    statuses: Mapping[str, int]
    errors: Mapping[str, int]
    values: Mapping[str, int]
    samples: Sequence[Mapping[str, Any]]
    wall: float
    p50: float
    p95: float
    max: float

    @property
    def total(self) -> int:
        """All requests, answered or not."""
        return sum(self.statuses.values()) + sum(self.errors.values())

    @property
    def failures(self) -> int:
        """Requests without an answer or with a status of 400 or more."""
        bad = sum(count for status, count in self.statuses.items() if int(status) >= 400)
        return bad + sum(self.errors.values())

    def __str__(self) -> str:
        text = f"{self.total} requests, {self.failures} failed"
        return f"{text} ({dict(self.statuses)} {dict(self.errors)})" if self.failures else text


class SteadyLoad:
    """A load that is running; `tally` is there after it has ended."""

    def __init__(self) -> None:
        self._tally: Tally | None = None

    @property
    def tally(self) -> Tally:
        """The counts. RuntimeError while the load still runs."""
        if self._tally is None:
            raise RuntimeError("the steady load has not ended yet")
        return self._tally


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


@dataclass(frozen=True)
class Target:
    """A service as one caller reaches it: from a pod by its name, or through the gateway by the Host header."""

    caller: Caller
    base: str
    host: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    timeout: float = TIMEOUTS.request

    def request(
        self, path: str = "/", method: str = "GET", headers: Mapping[str, str] | None = None, body: str = ""
    ) -> dict[str, Any]:
        """A request to this target, as wire/client.py takes it."""
        host = {"host": self.host} if self.host else {}
        sent = {**host, **self.headers, **(headers or {})}
        return {
            "url": self.base + path,
            "method": method,
            "headers": sent,
            "body": body,
            "timeout": self.timeout,
        }

    def send(
        self, path: str = "/", method: str = "GET", headers: Mapping[str, str] | None = None, body: str = ""
    ) -> Response:
        """One request, one connection."""
        return self.send_all([self.request(path, method, headers, body)])[0]

    def send_all(self, requests: Sequence[Mapping[str, Any]]) -> list[Response]:
        """Several requests one after another, a connection each."""
        return [Response(**result) for result in self.caller.run({"requests": list(requests)})["responses"]]

    def load(
        self, count: int, *, concurrency: int = 8, path: str = "/", method: str = "GET",
        headers: Mapping[str, str] | None = None, by: str = "x-echo-version",
    ) -> Tally:  # fmt: skip
        """`count` equal requests over kept-alive connections, counted by the answers' header `by`."""
        plan = {
            "load": self.request(path, method, headers),
            "count": count,
            "concurrency": concurrency,
            "by": by,
        }
        return Tally(**self.caller.run(plan)["tally"])

    @contextlib.contextmanager
    def steady(
        self, *, rate: float = 100.0, concurrency: int = 4, path: str = "/", by: str = "x-echo-version"
    ) -> Iterator[SteadyLoad]:
        """Send `rate` requests per second for the length of a block."""
        plan = {
            "steady": self.request(path), "rate": rate, "concurrency": concurrency, "by": by,
            "limit": TIMEOUTS.steady_load,
        }  # fmt: skip
        running = SteadyLoad()
        finish = self.caller.run_until(plan)
        try:
            yield running
        finally:
            running._tally = Tally(**finish()["tally"])

    def must_become(
        self,
        fits: Callable[[Response], bool],
        what: str,
        *,
        path: str = "/",
        method: str = "GET",
        headers: Mapping[str, str] | None = None,
        together: int = 5,
        within: float = TIMEOUTS.config_takes_effect,
    ) -> Response:
        """Wait until several batches in a row of `together` requests have all answers that fit; the last answer."""
        requests = [self.request(path, method, headers)] * together

        def check() -> Response:
            responses = self.send_all(requests)
            misfits = [response for response in responses if not fits(response)]
            assert not misfits, f"{self.caller.name} -> {self.host or self.base}{path}: {misfits[0]}"
            return responses[-1]

        return eventually(check, within=within, what=what)
