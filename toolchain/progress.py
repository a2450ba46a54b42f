"""Shows what a long step is doing and for how long, on stderr so that stdout stays machine-readable.

On a terminal the outermost running step owns one live line; finished steps leave their own line. Elsewhere
(CI logs, pipes) every step prints a line at its start, every 30 s, and at its end. Inner steps are indented.
"""

from __future__ import annotations

import contextvars
import shutil
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

HEARTBEAT_SECONDS = 30.0
REDRAW_SECONDS = 0.5

_depth: contextvars.ContextVar[int] = contextvars.ContextVar("progress_depth", default=0)
_output = threading.RLock()
_running: list[Step] = []


class Step:
    """One running step. `update` says what it is busy with; safe to call from any thread.

    Set `failed` where the step ends badly without an exception.
    """

    def __init__(self, title: str, depth: int = 0) -> None:
        self.title = title
        self.depth = depth
        self.text = ""
        self.failed = False
        self.started = time.monotonic()
        self._ended = threading.Event()

    @property
    def elapsed(self) -> float:
        """Seconds since the step began."""
        return time.monotonic() - self.started

    def update(self, text: str) -> None:
        """Replace the detail shown beside the title: one short line."""
        self.text = text

    def _tick(self) -> None:
        period = REDRAW_SECONDS if _on_terminal() else HEARTBEAT_SECONDS
        while not self._ended.wait(period):
            if _on_terminal():
                _redraw()
            else:
                _print(f"{'  ' * self.depth}… {_describe(self)}")


@contextmanager
def step(title: str) -> Iterator[Step]:
    """Show `title` as running until the block ends: `✓ title (12.3 s)`, or `✗` when it raised."""
    current = Step(title, _depth.get())
    token = _depth.set(current.depth + 1)
    _begin(current)
    mark = "✗"
    try:
        yield current
        mark = "✗" if current.failed else "✓"
    finally:
        _depth.reset(token)
        _end(current, mark)


def note(text: str) -> None:
    """Print one line at the present depth, without disturbing a live line."""
    _print(f"{'  ' * _depth.get()}{text}")


def _begin(current: Step) -> None:
    with _output:
        _running.append(current)
        if _on_terminal():
            _redraw()
        else:
            _print(f"{'  ' * current.depth}… {current.title}")
    if current.depth == 0 or not _on_terminal():
        threading.Thread(target=current._tick, daemon=True, name="progress").start()


def _end(current: Step, mark: str) -> None:
    current._ended.set()
    with _output:
        _running.remove(current)
        _print(f"{'  ' * current.depth}{mark} {current.title} ({current.elapsed:.1f} s)")


def _describe(current: Step) -> str:
    detail = f": {current.text}" if current.text else ""
    return f"{current.title}{detail} ({current.elapsed:.0f} s)"


def _redraw() -> None:
    with _output:
        if not _running:
            return
        outermost, innermost = _running[0], _running[-1]
        line = f"… {_describe(outermost)}"
        if innermost is not outermost:
            line += f" > {_describe(innermost)}"
        width = shutil.get_terminal_size().columns - 1
        sys.stderr.write(f"\r\x1b[K{line[:width]}")
        sys.stderr.flush()


def _print(line: str) -> None:
    with _output:
        if _on_terminal():
            sys.stderr.write("\r\x1b[K")
        sys.stderr.write(line + "\n")
        sys.stderr.flush()
        if _on_terminal():
            _redraw()


def _on_terminal() -> bool:
    return sys.stderr.isatty()
