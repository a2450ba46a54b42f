"""What an engine changed on the machine is put back: iptables' rules, in a network of the test's own, and sysctls."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from clusters.engine import host_settings
from clusters.engine.host_settings import read_sysctls, restore_sysctls, undo_docker_rules

FRESH = """\
*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
COMMIT
*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
COMMIT
"""

OWN_RULES = """\
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:guard - [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -j guard
-A guard -p tcp -m tcp --dport 22 -j ACCEPT
COMMIT
*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A POSTROUTING -s 10.9.0.0/16 -o eth0 -j MASQUERADE
COMMIT
"""

# What a killed dockerd 20.10 left there with one kind node that published one port beside its API.
ADDED_TO_FILTER = """\
:DOCKER - [0:0]
:DOCKER-ISOLATION-STAGE-1 - [0:0]
:DOCKER-ISOLATION-STAGE-2 - [0:0]
:DOCKER-USER - [0:0]
-A FORWARD -j DOCKER-USER
-A FORWARD -j DOCKER-ISOLATION-STAGE-1
-A FORWARD -o br-4e636e429ead -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -o br-4e636e429ead -j DOCKER
-A FORWARD -i br-4e636e429ead ! -o br-4e636e429ead -j ACCEPT
-A FORWARD -i br-4e636e429ead -o br-4e636e429ead -j ACCEPT
-A DOCKER -d 172.17.0.2/32 ! -i br-4e636e429ead -o br-4e636e429ead -p tcp -m tcp --dport 6443 -j ACCEPT
-A DOCKER -d 172.17.0.2/32 ! -i br-4e636e429ead -o br-4e636e429ead -p tcp -m tcp --dport 30080 -j ACCEPT
-A DOCKER-ISOLATION-STAGE-1 -i br-4e636e429ead ! -o br-4e636e429ead -j DOCKER-ISOLATION-STAGE-2
-A DOCKER-ISOLATION-STAGE-1 -j RETURN
-A DOCKER-ISOLATION-STAGE-2 -o br-4e636e429ead -j DROP
-A DOCKER-ISOLATION-STAGE-2 -j RETURN
-A DOCKER-USER -j RETURN
"""
ADDED_TO_NAT = """\
:DOCKER - [0:0]
-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
-A OUTPUT ! -d 127.0.0.0/8 -m addrtype --dst-type LOCAL -j DOCKER
-A POSTROUTING -s 172.17.0.0/16 ! -o br-4e636e429ead -j MASQUERADE
-A POSTROUTING -s 172.17.0.2/32 -d 172.17.0.2/32 -p tcp -m tcp --dport 6443 -j MASQUERADE
-A POSTROUTING -s 172.17.0.2/32 -d 172.17.0.2/32 -p tcp -m tcp --dport 30080 -j MASQUERADE
-A DOCKER -i br-4e636e429ead -j RETURN
-A DOCKER -d 127.0.0.1/32 ! -i br-4e636e429ead -p tcp -m tcp --dport 42183 -j DNAT --to-destination 172.17.0.2:6443
-A DOCKER -d 127.0.0.1/32 ! -i br-4e636e429ead -p tcp -m tcp --dport 8080 -j DNAT --to-destination 172.17.0.2:30080
"""
ADDED_LATER_BY_OTHERS = "-A INPUT -s 192.0.2.1/32 -j DROP\n-A FORWARD -s 192.0.2.0/24 -d 192.0.2.0/24 -j ACCEPT\n"


def with_docker(before: str, others: str = "") -> str:
    """A ruleset once an engine has added its own; dockerd drops what nobody forwards."""
    filters, nat, _ = before.replace(":FORWARD ACCEPT", ":FORWARD DROP").split("COMMIT\n")
    return f"{filters}{others}{ADDED_TO_FILTER}COMMIT\n{nat}{ADDED_TO_NAT}COMMIT\n"


@pytest.mark.parametrize("before", [FRESH, OWN_RULES])
def test_nothing_is_undone_where_nothing_was_added(before: str) -> None:
    assert undo_docker_rules(before, before) == ""


def test_counters_do_not_matter() -> None:
    assert undo_docker_rules(FRESH, FRESH.replace("[0:0]", "[17:4242]")) == ""


def test_another_engines_rules_stay() -> None:
    theirs = with_docker(FRESH)
    ours_too = theirs.replace("-A DOCKER-USER", "-A FORWARD -o br-0123456789ab -j DOCKER\n-A DOCKER-USER")
    assert undo_docker_rules(theirs, ours_too) == ""


def test_rules_of_others_are_not_touched() -> None:
    undo = undo_docker_rules(OWN_RULES, with_docker(OWN_RULES, ADDED_LATER_BY_OTHERS))
    assert "192.0.2." not in undo
    assert "guard" not in undo
    assert "10.9.0.0" not in undo


def normal(ruleset: str) -> list[str]:
    return [line.partition(" [")[0] for line in ruleset.splitlines() if not line.startswith("#")]


@pytest.mark.skipif(
    os.geteuid() != 0 or not shutil.which("iptables-restore", path="/usr/sbin:/sbin"), reason="needs root and iptables"
)
@pytest.mark.parametrize("others", ["", ADDED_LATER_BY_OTHERS])
@pytest.mark.parametrize("before", [FRESH, OWN_RULES])
def test_iptables_takes_the_undoing_and_is_as_before(before: str, others: str, tmp_path: Path) -> None:
    """In a network namespace, so that the machine's own rules are not touched."""
    now, wanted = with_docker(before, others), before.replace("COMMIT\n*nat", f"{others}COMMIT\n*nat")
    steps = {"now": now, "undo": undo_docker_rules(before, now)}
    for name, text in steps.items():
        (tmp_path / name).write_text(text)
    script = f"cd {tmp_path} && iptables-restore < now && iptables-restore --noflush < undo && iptables-save"
    done = subprocess.run(["unshare", "--net", "sh", "-c", script], capture_output=True, text=True, check=False)
    assert done.stderr == ""
    assert sorted(normal(done.stdout)) == sorted(normal(wanted))


def test_sysctls_that_changed_are_written_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(host_settings, "SYSCTL_ROOT", tmp_path)
    values = {"kernel/panic": "1", "net/ipv4/ip_forward": "0"}
    for name, value in values.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(f"{value}\n")
    before = read_sysctls()
    assert before == {"kernel.panic": "1", "net.ipv4.ip_forward": "0"}, "those this kernel lacks are left out"
    (tmp_path / "net/ipv4/ip_forward").write_text("1\n")
    restore_sysctls(before | {"vm.gone": "1"})
    assert (tmp_path / "net/ipv4/ip_forward").read_text() == "0"
    assert (tmp_path / "kernel/panic").read_text() == "1\n", "what did not change is not written"
