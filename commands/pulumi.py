"""Runs pulumi on the stack, shows what it is at, and clears away what a killed run left behind."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from commands.child import start
from commands.stack import PROJECT, backend_dir, stack_name, state_file
from toolchain.errors import UserError
from toolchain.paths import repo_root, state_dir
from toolchain.progress import Step, note, step
from toolchain.run import run

LOG = "logs/pulumi.log"
FLAGS = ("--non-interactive", "--color", "never")
WAIT_FOR_OTHER_SECONDS = 300.0
KEPT_HISTORY, FILES_PER_RUN = 10, 4
ERROR_LINE = re.compile(r"\s*(?:error: )(.+)")
STEP_LINE = re.compile(r"pulumi:pulumi:Stack \S+ .*?([…✓✗]) (.+)")
RESOURCE_LINE = re.compile(r"^ *[-+~@^>!]* *(\S+?:\S+) +(\S+) +(creat|updat|delet|replac|refresh|read)")


def log_file() -> Path:
    """Everything pulumi printed, all runs."""
    return state_dir() / LOG


def ensure_stack(environment: Mapping[str, str]) -> None:
    """Make the stack selectable: initialised in the local backend."""
    if not state_file().exists():
        run(["pulumi", "stack", "init", stack_name(), *FLAGS], env=environment, cwd=repo_root(), timeout=60)


def up(environment: Mapping[str, str]) -> str:
    """Bring the cluster to what the program declares. Returns pulumi's summary, such as `3 created`."""
    heal(environment)
    drop_old_history()
    words = ["up", "--yes", "--skip-preview", "--suppress-outputs"]
    with step("pulumi up") as current:
        return _summary(_run(words, environment, current))


def preview_is_clean(environment: Mapping[str, str]) -> None:
    """Raise UserError when a preview would change anything."""
    with step("pulumi preview --expect-no-changes") as current:
        _run(["preview", "--expect-no-changes", "--diff"], environment, current)


def refresh_is_clean(environment: Mapping[str, str]) -> None:
    """Raise UserError when the cluster differs from the state."""
    with step("pulumi refresh --expect-no-changes") as current:
        _run(["refresh", "--yes", "--skip-preview", "--expect-no-changes"], environment, current)


def destroy(environment: Mapping[str, str]) -> None:
    """Delete every resource of the stack."""
    heal(environment)
    with step("pulumi destroy") as current:
        _run(["destroy", "--yes", "--skip-preview", "--suppress-outputs"], environment, current)


def outputs(environment: Mapping[str, str], secrets: bool = False) -> dict[str, Any]:
    """The stack's outputs."""
    words = ["pulumi", "stack", "output", "--json", *(["--show-secrets"] if secrets else [])]
    text = run(words, env=environment, cwd=repo_root(), timeout=60)
    found: dict[str, Any] = json.loads(text)
    return found


def heal(environment: Mapping[str, str]) -> None:
    """Undo what a killed run left: its lock on the stack, and operations it never finished."""
    wait_for_other_run()
    for lock in _locks():
        note(f"healing the stack: lock of a pulumi that is gone (pid {_owner(lock)}) removed")
        lock.unlink(missing_ok=True)
    if _pending_operations():
        _drop_pending_operations(environment)


def wait_for_other_run() -> None:
    """Let a pulumi that still works on this stack finish: when its `./mesh` was killed, it ends soon."""
    deadline = time.monotonic() + WAIT_FOR_OTHER_SECONDS
    while busy := [owner for owner in map(_owner, _locks()) if owner and _is_pulumi(owner)]:
        if time.monotonic() > deadline:
            raise UserError(f"another pulumi (pid {busy[0]}) works on this stack: wait for it or end it, then repeat")
        time.sleep(1)


def forget_stack() -> None:
    """Drop the stack's state, locks and backups from the local backend, whatever condition they are in."""
    root = backend_dir() / ".pulumi"
    for left in (root / "stacks" / PROJECT).glob(f"{stack_name()}.json*"):
        left.unlink(missing_ok=True)
    for lock in _locks():
        lock.unlink(missing_ok=True)


def drop_old_history() -> None:
    """Keep what the last runs did: each is a copy of the whole state."""
    folder = backend_dir() / ".pulumi" / "history" / PROJECT / stack_name()
    for old in sorted(folder.glob("*"))[: -KEPT_HISTORY * FILES_PER_RUN]:
        old.unlink(missing_ok=True)


def _run(words: Sequence[str], environment: Mapping[str, str], current: Step) -> str:
    """Run `pulumi <words>`: each line goes to the log, the last resource to the step. Returns all of it."""
    path = log_file()
    path.parent.mkdir(parents=True, exist_ok=True)
    argv = ["pulumi", *words, *FLAGS]
    lines: list[str] = []
    with path.open("a") as log:
        log.write(f"\n=== {time.strftime('%F %T')} {' '.join(argv)}\n")
        for line in _lines(argv, environment):
            log.write(line)
            log.flush()
            lines.append(line)
            _show(line, current)
    return "".join(lines)


def _show(line: str, current: Step) -> None:
    """Steps of our own resources, which come as messages of the stack, as they are; else the resource."""
    if told := STEP_LINE.search(line):
        if told[1] == "…":
            current.update(told[2])
        else:
            note(f"{told[1]} {told[2]}")
    elif described := RESOURCE_LINE.match(line):
        current.update(f"{described[1].rpartition(':')[2]} {described[2]}")


def _lines(argv: Sequence[str], environment: Mapping[str, str]) -> Iterator[str]:
    process = start(argv, environment)  # a second Ctrl-C would make pulumi drop what is under way
    assert process.stdout is not None
    seen: list[str] = []
    try:
        for line in process.stdout:
            seen.append(line)
            yield line
        code = process.wait()
    finally:
        if process.poll() is None:
            _end(process)
    if code != 0:
        raise UserError(_why(argv, seen))


def _end(process: subprocess.Popen[str]) -> None:
    """Let pulumi write its state down: it ends after what is under way, at the second asking at once."""
    for patience in (30, 10):
        with suppress(ProcessLookupError):
            process.send_signal(signal.SIGINT)
        with suppress(subprocess.TimeoutExpired):
            process.wait(patience)
            return
    process.kill()


def _why(argv: Sequence[str], lines: Sequence[str]) -> str:
    """Pulumi's own errors, each once, without its stack traces."""
    errors = [found[1].strip() for line in lines if (found := ERROR_LINE.match(line))]
    told = list(dict.fromkeys(error for error in errors if error not in ("update failed", "preview failed")))
    last = [line.strip() for line in lines if line.strip()][-3:]
    return f"{' '.join(argv[:2])} failed: {'; '.join(told[:4] or last)} (whole output: {log_file()})"


def _summary(text: str) -> str:
    """`+ 3 created`, `58 unchanged` … from pulumi's closing lines, joined by commas."""
    after = text.rpartition("Resources:")[2].splitlines()
    counts = [line.strip(" +-~") for line in after if re.match(r"\s+\D*\d+ \w+", line)]
    return ", ".join(counts) or "nothing to do"


def _locks() -> list[Path]:
    folder = backend_dir() / ".pulumi" / "locks" / "organization" / PROJECT / stack_name()
    return sorted(folder.glob("*.json"))


def _owner(lock: Path) -> int | None:
    """Process that took the lock."""
    try:
        return int(json.loads(lock.read_text())["pid"])
    except (OSError, ValueError, KeyError):
        return None


def _is_pulumi(pid: int) -> bool:
    with suppress(OSError):
        return Path(f"/proc/{pid}/comm").read_text().strip() == "pulumi"
    return False


def _pending_operations() -> list[dict[str, Any]]:
    try:
        latest = json.loads(state_file().read_text())["checkpoint"]["latest"]
    except FileNotFoundError:
        return []
    except (ValueError, KeyError, TypeError):
        raise UserError(f"the stack's state {state_file()} is damaged: ./mesh down removes it, then repeat") from None
    pending: list[dict[str, Any]] = (latest or {}).get("pending_operations") or []
    return pending


def _drop_pending_operations(environment: Mapping[str, str]) -> None:
    """Forget what was under way: every resource here is taken as it is when it exists already."""
    exported = run(["pulumi", "stack", "export"], env=environment, cwd=repo_root(), timeout=60)
    state = json.loads(exported)
    dropped = state["deployment"].pop("pending_operations", [])
    path = state_dir() / "state-without-pending.json"
    path.write_text(json.dumps(state))
    try:
        run(["pulumi", "stack", "import", "--file", path], env=environment, cwd=repo_root(), timeout=60)
    finally:
        path.unlink()
    names = ", ".join(operation["resource"]["urn"].rpartition("::")[2] for operation in dropped)
    note(f"healing the stack: unfinished operations of a killed run forgotten ({names})")
