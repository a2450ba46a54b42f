"""`python -m benchmarks.propagation`: exit status 0 all requirements hold, 1 one is missed, 2 it could not run."""

from __future__ import annotations

import asyncio
import gc
import resource
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.propagation.failure import BenchmarkError
from benchmarks.propagation.options import Options, read_options
from benchmarks.propagation.report import write_reports
from benchmarks.propagation.requirements import MISSED, requirements
from benchmarks.propagation.results import Stage, cells, loads
from benchmarks.propagation.rounds import run
from benchmarks.propagation.table import load_table, propagation_table, verdicts
from toolchain import ensure_all
from toolchain.errors import UserError


def main(words: Sequence[str] | None = None) -> int:
    options = read_options(words)
    begin = time.monotonic()
    stages: list[Stage] = []
    status = 0
    try:
        ensure_all(["etcd", "kubernetes", "istiod"])
        _allow_many_connections()
        with tempfile.TemporaryDirectory(prefix="propagation-") as folder:
            asyncio.run(_measure(options, Path(folder), begin, stages))
    except* (BenchmarkError, UserError) as errors:
        print(f"propagation: {_first(errors)}", file=sys.stderr)
        status = 2
    except* (KeyboardInterrupt, asyncio.CancelledError):
        print("propagation: interrupted; what was measured until then:", file=sys.stderr)
        status = 130
    if not stages:
        return status or 2
    write_reports(options, stages, time.monotonic() - begin)
    found = requirements(cells(stages), loads(stages))
    print(propagation_table(cells(stages)), load_table(loads(stages)), verdicts(found), sep="\n\n")
    print(f"\nresults.json and propagation.svg are in {options.out}")
    return status or int(any(each.verdict == MISSED for each in found))


async def _measure(options: Options, folder: Path, begin: float, stages: list[Stage]) -> None:
    """Adds each stage to `stages` as it is done, so that an interrupted run shows what it has."""
    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    gc.freeze()

    def say(text: str) -> None:
        print(f"[{time.monotonic() - begin:6.1f} s] {text}", file=sys.stderr, flush=True)

    async for stage in run(options, folder, say):
        stages.append(stage)


def _allow_many_connections() -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def _first(errors: BaseExceptionGroup[BaseException]) -> BaseException:
    found: BaseException = errors
    while isinstance(found, BaseExceptionGroup):
        found = found.exceptions[0]
    return found


if __name__ == "__main__":
    sys.exit(main())
