"""Remembers the machine's settings that an engine and a cluster's node change, and puts them back.

dockerd turns on forwarding and adds its chains to iptables; a kubelet in a privileged container sets sysctls
that are not private to a container.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

SYSCTL_ROOT = Path("/proc/sys")
SYSCTLS = (
    "kernel.keys.root_maxbytes",
    "kernel.keys.root_maxkeys",
    "kernel.panic",
    "kernel.panic_on_oops",
    "net.bridge.bridge-nf-call-ip6tables",
    "net.bridge.bridge-nf-call-iptables",
    "net.ipv4.conf.all.forwarding",
    "net.ipv4.conf.default.forwarding",
    "net.ipv4.ip_forward",
    "net.ipv6.conf.all.forwarding",
    "net.ipv6.conf.default.forwarding",
    "net.netfilter.nf_conntrack_max",
    "vm.overcommit_memory",
    "vm.panic_on_oom",
)
# Docker's chains, its bridges, and for every published port one rule that names only a container's address twice.
OURS = re.compile(r"\bDOCKER\b|\bDOCKER-|\bbr-[0-9a-f]{12}\b|^-A POSTROUTING -s (\S+) -d \1 .*-j MASQUERADE$")


def read() -> dict[str, Any]:
    """What the machine looks like now, as JSON can hold it; `restore` takes it."""
    interfaces = sorted(os.listdir("/sys/class/net"))
    return {"sysctls": read_sysctls(), "iptables": read_iptables(), "interfaces": interfaces}


def restore(before: Mapping[str, Any]) -> None:
    """Put back what differs from `before`, a result of `read`; an empty one changes nothing."""
    if before:
        restore_iptables(before["iptables"])
        restore_sysctls(before["sysctls"])


def read_sysctls() -> dict[str, str]:
    """Present values of the settings that may change, without those this kernel lacks."""
    values = {}
    for name in SYSCTLS:
        with suppress(OSError):
            values[name] = _sysctl(name).read_text().strip()
    return values


def restore_sysctls(before: Mapping[str, str]) -> None:
    """Write back each setting that differs from `before`."""
    for name, value in before.items():
        with suppress(OSError):
            if _sysctl(name).read_text().strip() != value:
                _sysctl(name).write_text(value)


def read_iptables() -> str:
    """`iptables-save`'s text; empty where there is no iptables."""
    command = shutil.which("iptables-save", path="/usr/sbin:/sbin:/usr/bin:/bin")
    if command is None:
        return ""
    return subprocess.run([command], capture_output=True, text=True, check=False, timeout=20).stdout


def restore_iptables(before: str) -> None:
    """Take out what dockerd put into iptables since `before` was read, and nothing else."""
    command = shutil.which("iptables-restore", path="/usr/sbin:/sbin:/usr/bin:/bin")
    undo = undo_docker_rules(before, read_iptables())
    if command and undo:
        words = [command, "--noflush"]
        subprocess.run(words, input=undo, text=True, check=False, timeout=20, capture_output=True)


def undo_docker_rules(before: str, now: str) -> str:
    """Input for `iptables-restore --noflush` that removes Docker's rules and chains in `now` absent from
    `before`.

    Where `before` already had Docker's chains they belong to another engine, and its policies stay as they
    are. Empty when there is nothing to do.
    """
    old, new = _tables(before), _tables(now)
    lines: list[str] = []
    for table, present in new.items():
        past = old.get(table, [])
        if any(line.startswith(":DOCKER") for line in past):
            continue
        added = [line for line in present if line not in past]
        rules = [f"-D {line[3:]}" for line in added if line.startswith("-A ") and OURS.search(line)]
        chains = [line[1:].split()[0] for line in added if line.startswith(":DOCKER")]
        policies = _changed_policies(past, present)
        if rules or chains or policies:
            lines += [f"*{table}", *policies, *rules, *(f"-X {chain}" for chain in chains), "COMMIT"]
    return "\n".join(lines) + "\n" if lines else ""


def _changed_policies(past: list[str], present: list[str]) -> list[str]:
    """`:CHAIN POLICY` lines that give built-in chains their earlier policy back (ACCEPT where there was
    none).
    """
    before = {line[1:].split()[0]: line.split()[1] for line in past if line.startswith(":")}
    changed = []
    for line in present:
        if line.startswith(":") and line.split()[1] != "-":
            chain, policy = line[1:].split()[:2]
            if before.get(chain, "ACCEPT") != policy:
                changed.append(f":{chain} {before.get(chain, 'ACCEPT')}")
    return changed


def _tables(saved: str) -> dict[str, list[str]]:
    """Lines of `iptables-save`'s text by table, without packet counters."""
    tables: dict[str, list[str]] = {}
    current: list[str] = []
    for line in saved.splitlines():
        if line.startswith("*"):
            current = tables.setdefault(line[1:].strip(), [])
        elif line.startswith(":"):
            current.append(line.partition(" [")[0].strip())
        elif line.startswith("-A "):
            current.append(line.strip())
    return tables


def _sysctl(name: str) -> Path:
    return SYSCTL_ROOT / name.replace(".", "/")
