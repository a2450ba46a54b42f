"""Requests as tests see them: what is asked of a service by whom, and what came back."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from conformance.callers import Caller
from conformance.convergence import eventually
from conformance.timeouts import TIMEOUTS


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
