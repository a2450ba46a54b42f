"""One `./mesh up`, `test` or `down` at a time in a checkout. The kernel drops a dead one's lock."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager

from toolchain.errors import UserError
from toolchain.paths import state_dir


@contextmanager
def only_run() -> Iterator[None]:
    """Hold the lock until the block ends. Raises UserError naming the process that has it."""
    with (state_dir() / "lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            lock.seek(0)
            pid = lock.read().strip() or "?"
            raise UserError(f"another ./mesh (pid {pid}) works on this checkout: wait for it or end it") from None
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield
