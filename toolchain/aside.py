"""Work that goes on beside other work: what waits for the network or a disk, while compilers have the processors."""

from __future__ import annotations

import contextvars
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def aside(work: Callable[[], object]) -> Iterator[None]:
    """Do `work` in a thread while the block runs, and wait for it at the block's end.

    What `work` raises is raised there. Where the block itself raises (Ctrl-C too) nobody waits: the thread and what
    it has started end with this process.
    """
    raised: list[BaseException] = []

    def run() -> None:
        try:
            work()
        except BaseException as error:
            raised.append(error)

    context = contextvars.copy_context()  # so that its steps are shown below ours
    thread = threading.Thread(target=context.run, args=(run,), daemon=True, name="aside")
    thread.start()
    yield
    thread.join()
    if raised:
        raise raised[0]
