"""Runs Locust headless through the gateway and exits with the verdict: 0 holds, 1 missed, 2 could not run."""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from loadtests.entrance import Cluster, LoadTestError, await_routes, entrance

SCENARIOS: dict[str, tuple[str | None, str]] = {
    "browse": (None, "/products/1"),
    "canary": ("canary.loadtest.test", "/reviews/1"),
    "retries": ("flaky.loadtest.test", "/flaky?every=1000000"),
}
"""Scenario (a tag in users.py) -> the host and path that must answer before the load begins."""
NEED_MANIFESTS = frozenset({"canary", "retries"})
MAX_USERS = 200
END_SECONDS = 30.0
"""What Locust may take beyond the run time to stop and write its reports."""


def parse_seconds(text: str) -> float:
    """`90`, `90s`, `5m`, `1h` -> seconds. ValueError for anything else, or for zero."""
    match = re.fullmatch(r"(\d+)([smh]?)", text.strip())
    if match is None or int(match[1]) == 0:
        raise ValueError(f"{text} is not a time such as 20s or 5m")
    return float(match[1]) * {"": 1, "s": 1, "m": 60, "h": 3600}[match[2]]


def parse_users(text: str) -> int:
    """A number of users within reason. ValueError otherwise."""
    if not text.isdecimal() or not 1 <= int(text) <= MAX_USERS:
        raise ValueError(f"{text} is not a number of users from 1 to {MAX_USERS}")
    return int(text)


def parse_scenarios(text: str) -> list[str]:
    """Comma-separated names. ValueError for unknown ones."""
    names = [name.strip() for name in text.split(",") if name.strip()]
    unknown = [name for name in names if name not in SCENARIOS]
    if unknown or not names:
        raise ValueError(f"scenarios are {', '.join(SCENARIOS)}")
    return names


def locust_command(host: str, users: int, seconds: float, scenarios: Sequence[str], out: Path) -> list[str]:
    """Locust, headless, with every report it writes going below `out`."""
    return [
        sys.executable, "-m", "locust", "-f", str(Path(__file__).with_name("locustfile.py")), "--headless",
        "--host", host, "--users", str(users), "--run-time", f"{seconds:.0f}s", "--tags", *scenarios,
        "--only-summary", "--loglevel", "WARNING", "--stop-timeout", "5",
        "--html", str(out / "load.html"), "--json-file", str(out / "load"), "--csv", str(out / "load"),
        "--thresholds-file", str(out / "thresholds.json"),
    ]  # fmt: skip


def build_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(prog="loadtests", description=__doc__)
    add = parser.add_argument
    add("--host", required=True, metavar="URL", help="the ingress gateway, such as http://127.0.0.1:8080")
    add("--run-time", type=parse_seconds, default=60.0, metavar="TIME", help="how long, such as 20s or 5m (60s)")
    add("--users", type=parse_users, default=15, metavar="N", help="users at the peak (15)")
    add("--scenarios", type=parse_scenarios, default=list(SCENARIOS), metavar="A,B",
        help=f"which of {', '.join(SCENARIOS)} (all)")  # fmt: skip
    add("--out", type=Path, default=Path(".mesh/reports/load"), metavar="DIR", help="folder for the reports")
    add("--kubeconfig", type=Path, metavar="FILE",
        help="cluster to apply loadtests/manifests to; without it they are taken to be there")  # fmt: skip
    add("--context", metavar="NAME", help="context within the kubeconfig")
    add("--kubectl", default=shutil.which("kubectl") or "kubectl", metavar="FILE")
    add("--namespace", default="shop", metavar="NS", help="where the shop runs (shop)")
    return parser


def run(options: argparse.Namespace) -> int:
    """Apply, wait, load, judge. Raises LoadTestError when the load cannot begin."""
    scenarios: list[str] = options.scenarios
    out: Path = options.out.absolute()
    out.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        if options.kubeconfig is not None and NEED_MANIFESTS & set(scenarios):
            cluster = Cluster(options.kubectl, options.kubeconfig.absolute(), options.context, options.namespace)
            stack.enter_context(entrance(cluster))
        await_routes(options.host, [SCENARIOS[name] for name in scenarios])
        command = locust_command(options.host, options.users, options.run_time, scenarios, out)
        repository = Path(__file__).resolve().parents[1]
        environment = {**os.environ, "PYTHONPATH": str(repository)}
        try:
            finished = subprocess.run(
                command, cwd=repository, env=environment, timeout=options.run_time + END_SECONDS, check=False
            )
        except subprocess.TimeoutExpired as error:
            raise LoadTestError(f"Locust did not end within {END_SECONDS:g} s after its run time") from error
        return finished.returncode


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit status: see the module."""
    options = build_parser().parse_args(arguments)
    try:
        status = run(options)
    except LoadTestError as error:
        print(f"load test: {error}", file=sys.stderr)
        return 2
    print(f"load test: {'all thresholds hold' if status == 0 else 'thresholds missed'}; reports in {options.out}")
    return 0 if status == 0 else 1


if __name__ == "__main__":
    sys.exit(main())
