"""Plugins without a `pulumi` above them are ended, those of a running one are not."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from commands.orphans import end_orphans
from commands.stack import backend_dir

PLUGIN = "import time; time.sleep(60)  # pulumi.dynamic"
OURS = {"PULUMI_BACKEND_URL": f"file://{backend_dir()}"}


@contextmanager
def plugin(environment: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen([sys.executable, "-c", PLUGIN], env={**os.environ, **environment})
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def test_ends_an_orphan_of_this_checkout_and_leaves_others() -> None:
    end_orphans()  # those of a run that was killed
    with plugin(OURS) as orphan, plugin({"PULUMI_BACKEND_URL": "file:///elsewhere"}) as other:
        assert end_orphans() == 1
        assert orphan.wait(timeout=5) != 0
        assert other.poll() is None


def test_leaves_the_plugins_of_a_running_pulumi(tmp_path: Path) -> None:
    pulumi = tmp_path / "pulumi"
    pulumi.symlink_to("/bin/sh")
    words = [str(pulumi), "-c", 'echo begun; "$0" -c "$1"; true', sys.executable, PLUGIN]
    running = subprocess.Popen(words, env={**os.environ, **OURS}, stdout=subprocess.PIPE, start_new_session=True)
    assert running.stdout is not None
    try:
        running.stdout.readline()
        time.sleep(0.2)
        assert end_orphans() == 0
        assert running.poll() is None
    finally:
        os.killpg(running.pid, signal.SIGKILL)
        running.communicate()
