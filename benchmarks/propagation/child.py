"""Processes of the benchmark: they log to files, are ended with it, and are asked what they have used."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from aiohttp import ClientError, ClientSession, ClientTimeout

from benchmarks.propagation.failure import BenchmarkError

END_SECONDS = 5.0
READY_SECONDS = 120.0
LOOK_SECONDS = 0.02
LAST_LINES = 8
TICKS = os.sysconf("SC_CLK_TCK")


class Child:
    """A running program. `log` holds both of its outputs."""

    def __init__(self, name: str, process: subprocess.Popen[bytes], log: Path) -> None:
        self.name = name
        self.log = log
        self.process = process

    @property
    def cpu_seconds(self) -> float:
        """User and system time so far."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    @property
    def peak_memory(self) -> float:
        """The most that was ever resident, in MB."""
        return self._memory("VmHWM")

    @property
    def memory(self) -> float:
        """What is resident now, in MB."""
        return self._memory("VmRSS")

    def _memory(self, field: str) -> float:
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(next(line for line in status.splitlines() if line.startswith(field)).split()[1]) / 1024

    def check(self) -> None:
        """Raises BenchmarkError, with the last lines of the log, when it has ended."""
        if self.process.poll() is not None:
            raise BenchmarkError(f"{self.name} ended with {self.process.returncode}:\n{self.last_lines()}")

    def last_lines(self) -> str:
        """What it wrote last."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-LAST_LINES:])

    async def ready(self, url: str, headers: Mapping[str, str] | None = None) -> None:
        """Return when `url` answers 200. Raises BenchmarkError."""
        deadline = time.monotonic() + READY_SECONDS
        async with ClientSession(timeout=ClientTimeout(total=5), headers=headers) as session:
            while time.monotonic() < deadline:
                self.check()
                with suppress(ClientError, TimeoutError):
                    async with session.get(url, ssl=False) as response:
                        if response.status == 200:
                            return
                await asyncio.sleep(LOOK_SECONDS)
        raise BenchmarkError(f"{self.name} was not ready within {READY_SECONDS:g} s; its log is {self.log}")


@asynccontextmanager
async def started(
    name: str, argv: Sequence[str | Path], log: Path, env: Mapping[str, str] | None = None
) -> AsyncIterator[Child]:
    """Run `argv` for the length of the block; it ends also when this process is killed."""
    keeper = shutil.which("setpriv")
    words = [*((keeper, "--pdeathsig", "TERM", "--") if keeper else ()), *map(str, argv)]
    with log.open("wb") as output:
        process = subprocess.Popen(
            words,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**os.environ, **(env or {})},
            start_new_session=True,
        )
    try:
        yield Child(name, process, log)
    finally:
        _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the program and whatever it started: they share a session of their own."""
    for how in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, how)
        with suppress(subprocess.TimeoutExpired):
            process.wait(END_SECONDS)
            return


def free_port() -> int:
    """A port of loopback that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
