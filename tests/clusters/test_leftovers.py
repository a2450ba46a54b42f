"""What is found of a dead engine: its mounts in the order to undo them, its processes and no others."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from clusters.engine.leftovers import end, mounts_below, shims, stray_processes, unmount
from clusters.engine.places import Places

MOUNTINFO = """\
22 27 0:21 / /proc rw,relatime - proc proc rw
27 1 254:0 / / rw,relatime - ext4 /dev/vda rw
91 27 254:0 /c /cache/engine rw,relatime shared:1 - ext4 /dev/vda rw
92 91 0:50 / /cache/engine/data/overlay2/0a1b/merged rw,relatime - overlay overlay rw,lowerdir=/l:/m
93 92 0:51 / /cache/engine/data/overlay2/0a1b/merged/proc rw - proc proc rw
94 27 0:52 / /cache/engine-of-another/data rw - tmpfs tmpfs rw
95 27 0:53 / /run/mesh-stack/1a2b/exec/netns/0c0d rw - nsfs nsfs rw
96 27 0:54 / /cache/engine/data/volumes/a\\040b\\134c rw - tmpfs tmpfs rw
97 27 0:55 / /cache/engine/data/volumes/\u00e4 rw - tmpfs tmpfs rw
"""


def test_mounts_below_come_deepest_first() -> None:
    assert mounts_below(MOUNTINFO, [Path("/cache/engine/data/overlay2"), Path("/run/mesh-stack/1a2b")]) == [
        "/run/mesh-stack/1a2b/exec/netns/0c0d",
        "/cache/engine/data/overlay2/0a1b/merged/proc",
        "/cache/engine/data/overlay2/0a1b/merged",
    ]


def test_a_folder_whose_name_only_begins_alike_is_not_below() -> None:
    below = mounts_below(MOUNTINFO, [Path("/cache/engine")])
    assert "/cache/engine" in below
    assert "/cache/engine-of-another/data" not in below


def test_mount_points_are_read_whatever_their_names() -> None:
    below = mounts_below(MOUNTINFO, [Path("/cache/engine/data/volumes")])
    assert below == ["/cache/engine/data/volumes/\u00e4", "/cache/engine/data/volumes/a b\\c"]


UNMOUNTING = """
import sys
from pathlib import Path
from clusters.engine.leftovers import mounts_below, unmount
folder = Path(sys.argv[1])
print(unmount(folder), mounts_below(Path("/proc/self/mountinfo").read_text(), [folder]))
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount")
def test_unmount_detaches_nested_mounts(tmp_path: Path) -> None:
    """In a mount namespace, so that a failure leaves nothing."""
    folder = tmp_path / "with space and \u00e4"
    mounts = 'mount -t tmpfs t "$1" && mkdir "$1/inner" && mount -t tmpfs t "$1/inner" && exec "$2" -c "$3" "$1"'
    folder.mkdir()
    words = ["unshare", "--mount", "sh", "-c", mounts, "sh", str(folder), sys.executable, UNMOUNTING]
    assert subprocess.run(words, capture_output=True, text=True, check=True).stdout == "2 []\n"


@pytest.fixture
def where(tmp_path: Path) -> Places:
    return Places(home=tmp_path / "engine", run=tmp_path / "run")


@contextmanager
def shim(folder: Path, exec_root: Path) -> Iterator[tuple[int, int]]:
    """A process that looks like a container's supervisor, and its child: their ids. Both are gone at the end."""
    program = folder / "containerd-shim-runc-v2"
    if not program.exists():
        program.symlink_to("/bin/sh")
    script = "sh -c 'echo $$; exec sleep 60' & wait"
    words = [str(program), "-c", script, "sh", "-address", f"{exec_root}/containerd/containerd.sock"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        child = int(process.stdout.readline())
        try:
            yield process.pid, child
        finally:
            for pid in (child, process.pid):
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)


def test_engines_processes_are_told_by_their_command_lines_and_found_with_their_children(
    where: Places, tmp_path: Path
) -> None:
    with shim(tmp_path, where.exec_root) as ours, shim(tmp_path, tmp_path / "another/exec") as theirs:
        assert shims(where) == [ours[0]]
        assert sorted(stray_processes(where)) == sorted(ours)
        end(stray_processes(where))
        assert [alive(pid) for pid in (*ours, *theirs)] == [False, False, True, True]


def alive(pid: int) -> bool:
    """Whether it is there and no zombie."""
    status = Path(f"/proc/{pid}/status")
    return status.exists() and "State:\tZ" not in status.read_text()


def test_no_process_is_ours_where_no_engine_ran(where: Places) -> None:
    assert stray_processes(where) == []
    assert unmount(where.run, where.data_root) == 0
