"""Runs runc for an engine on a machine that itself lacks some capabilities.

Docker's `--privileged` asks for every capability the kernel knows; runc refuses the container when the
engine's own bounding set is shorter. Registered as the engine's default runtime, this script trims what is
asked for to what can be given, in the bundle's `config.json` (create, run) or the process file (exec), and
becomes runc.

It runs for every container start and exec, so it is one file without imports from the project, started by
`python3 -I -S -E`. Usage: `runc_wrapper.py <path of runc> <runc's arguments...>`.
"""

from __future__ import annotations

import json
import os
import resource
import sys

TYPE_CHECKING = False  # typing itself is not imported at run time: it would cost more than all the rest here
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

# Linux's capability numbers in order, as uapi/linux/capability.h defines them.
CAPABILITIES = [
    "CHOWN",
    "DAC_OVERRIDE",
    "DAC_READ_SEARCH",
    "FOWNER",
    "FSETID",
    "KILL",
    "SETGID",
    "SETUID",
    "SETPCAP",
    "LINUX_IMMUTABLE",
    "NET_BIND_SERVICE",
    "NET_BROADCAST",
    "NET_ADMIN",
    "NET_RAW",
    "IPC_LOCK",
    "IPC_OWNER",
    "SYS_MODULE",
    "SYS_RAWIO",
    "SYS_CHROOT",
    "SYS_PTRACE",
    "SYS_PACCT",
    "SYS_ADMIN",
    "SYS_BOOT",
    "SYS_NICE",
    "SYS_RESOURCE",
    "SYS_TIME",
    "SYS_TTY_CONFIG",
    "MKNOD",
    "LEASE",
    "AUDIT_WRITE",
    "AUDIT_CONTROL",
    "SETFCAP",
    "MAC_OVERRIDE",
    "MAC_ADMIN",
    "SYSLOG",
    "WAKE_ALARM",
    "BLOCK_SUSPEND",
    "AUDIT_READ",
    "PERFMON",
    "BPF",
    "CHECKPOINT_RESTORE",
]

# runc's global options that take a value of their own.
GLOBAL_OPTIONS_WITH_VALUE = ("--log", "--log-format", "--root", "--criu", "--rootless")


def bounding_set(status: str) -> set[str]:
    """Names (`CAP_…`) of the capabilities in the CapBnd line of a /proc/<pid>/status text."""
    mask = next(int(line.split()[1], 16) for line in status.splitlines() if line.startswith("CapBnd:"))
    return {f"CAP_{name}" for number, name in enumerate(CAPABILITIES) if mask >> number & 1}


def missing_capabilities(status: str, last: int) -> set[str]:
    """Capabilities up to number `last` (/proc/sys/kernel/cap_last_cap) that the bounding set lacks."""
    return {f"CAP_{name}" for name in CAPABILITIES[: last + 1]} - bounding_set(status)


def trim_process(
    process: dict[str, Any], allowed: set[str], hard_limit: Callable[[str], int], least_oom_score: int
) -> None:
    """Cut an OCI process object in place down to what may be given.

    `hard_limit(name)` returns the present hard limit of `RLIMIT_…`, -1 for none.
    """
    capabilities = process.get("capabilities") or {}
    for kind, names in capabilities.items():
        capabilities[kind] = [name for name in names or () if name in allowed]
    for limit in process.get("rlimits") or ():
        most = hard_limit(limit["type"])
        if most != -1:
            limit["hard"] = min(limit["hard"], most)
            limit["soft"] = min(limit["soft"], most)
    if process.get("oomScoreAdj", 0) < least_oom_score:
        process["oomScoreAdj"] = least_oom_score


def find_process_file(arguments: list[str], cwd: str) -> tuple[str, bool] | None:
    """Path of the JSON file that says what to run, and whether it is a bundle's config; None for other
    commands.
    """
    rest = list(arguments)
    while rest and rest[0].startswith("-"):
        takes_value = rest[0] in GLOBAL_OPTIONS_WITH_VALUE
        rest = rest[2 if takes_value else 1 :]
    if not rest:
        return None
    command, options = rest[0], rest[1:]
    if command in ("create", "run"):
        return os.path.join(_option(options, "--bundle", "-b") or cwd, "config.json"), True
    if command == "exec":
        path = _option(options, "--process", "-p")
        return (path, False) if path else None
    return None


def _option(words: list[str], *names: str) -> str | None:
    for position, word in enumerate(words):
        name, equals, value = word.partition("=")
        if name in names:
            return value if equals else words[position + 1]
    return None


def _hard_limit(name: str) -> int:
    number = getattr(resource, name, None)
    return -1 if number is None else resource.getrlimit(number)[1]


def _rewrite(path: str, is_config: bool) -> None:
    with open("/proc/self/status") as status, open("/proc/self/oom_score_adj") as score, open(path) as file:
        allowed, least, document = bounding_set(status.read()), int(score.read()), json.load(file)
    trim_process(document["process"] if is_config else document, allowed, _hard_limit, least)
    with open(path, "w") as file:
        json.dump(document, file)


def main() -> None:
    runc, arguments = sys.argv[1], sys.argv[2:]
    found = find_process_file(arguments, os.getcwd())
    if found:
        _rewrite(*found)
    os.execv(runc, [runc, *arguments])


if __name__ == "__main__":
    main()
