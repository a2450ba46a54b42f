"""Thresholds, shape and command line; and a short real run against the shop in this process."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest
import yaml

from loadtests.__main__ import build_parser, locust_command, main, parse_scenarios, parse_seconds, parse_users
from loadtests.entrance import MANIFESTS, Cluster, LoadTestError, await_routes
from loadtests.thresholds import (
    THRESHOLDS,
    Measured,
    judge,
    judge_attempts,
    judge_canary,
    judge_testers,
)
from sample_app.__main__ import build_routes
from sample_app.calls import HttpCaller
from sample_app.server import ServiceServer

REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    ("requests", "failures", "p95", "holds"),
    [(1000, 0, 100, True), (1000, 1, 100, True), (1000, 2, 100, False), (1000, 0, 801, False), (9, 0, 1, False)],
)
def test_requests_are_held_against_their_threshold(requests: int, failures: int, p95: float, holds: bool) -> None:
    verdict = judge(Measured("browse: front page", requests, failures, p95))
    assert verdict.holds == holds
    assert f"{requests} requests, {failures} failed" in verdict.text


def test_an_unknown_name_must_not_fail() -> None:
    assert judge(Measured("something else", 5, 0, 9e9)).holds
    assert not judge(Measured("something else", 5, 1, 1)).holds
    assert judge(Measured("something else", 0, 0, 0)).holds


def test_the_canary_is_judged_exactly() -> None:
    def holds(versions: dict[str, int]) -> bool:
        verdict = judge_canary(versions)
        assert verdict is not None
        return verdict.holds

    assert holds({"v1": 900, "v2": 100})
    assert not holds({"v1": 800, "v2": 200})
    assert not holds({"v1": 899, "v2": 100, "v3": 1})
    assert judge_canary({}) is None


def test_testers_all_get_their_version() -> None:
    good, bad = judge_testers({"v3": 10}), judge_testers({"v3": 9, "v1": 1})
    assert good is not None
    assert bad is not None
    assert (good.holds, bad.holds) == (True, False)
    assert judge_testers({}) is None


def test_retries_must_have_had_something_to_retry() -> None:
    retried = judge_attempts([n for n in range(1, 301) if n % 3])
    idle = judge_attempts(range(100))
    assert retried is not None
    assert idle is not None
    assert (retried.holds, idle.holds) == (True, False)
    assert judge_attempts([1, 5]) is None


def test_command_line_values_are_parsed_strictly() -> None:
    assert (parse_seconds("20s"), parse_seconds("5m"), parse_seconds("7")) == (20, 300, 7)
    assert parse_scenarios("canary, browse") == ["canary", "browse"]
    assert parse_users("10") == 10
    for parse, wrong in ((parse_seconds, "soon"), (parse_seconds, "0s"), (parse_users, "0"), (parse_users, "9999")):
        with pytest.raises(ValueError, match="is not"):
            parse(wrong)
    with pytest.raises(ValueError, match="scenarios are browse"):
        parse_scenarios("browse,fly")


def test_locust_is_told_to_write_every_report(tmp_path: Path) -> None:
    command = locust_command("http://h", 10, 20.0, ["browse"], tmp_path)
    assert {"--headless", "--html", "--json-file", "--csv"} <= set(command)
    assert command[command.index("--run-time") + 1] == "20s"
    assert build_parser().parse_args(["--host", "http://h"]).users <= 20


def test_manifests_use_names_of_their_own() -> None:
    for path in MANIFESTS.glob("*.yaml"):
        assert path.read_text().startswith("# ")
        for item in yaml.safe_load_all(path.read_text()):
            assert item["metadata"]["name"].startswith("loadtest")
            assert "namespace" not in item["metadata"]


def test_routes_are_awaited_until_they_answer_in_a_row() -> None:
    answers = iter([0, 404, 200, 503, *[200] * 5])
    await_routes("http://h", [(None, "/")], lambda *_: next(answers))
    assert next(answers, None) is None
    with pytest.raises(LoadTestError, match=r"status 404 for x/y at http://h"):
        await_routes("http://h", [("x", "/y")], lambda *_: 404, within=0.0)


def test_kubectl_failures_are_one_line(tmp_path: Path) -> None:
    cluster = Cluster(str(tmp_path / "none"), tmp_path / "config", None, "shop")
    with pytest.raises(LoadTestError, match="name it with --kubectl"):
        cluster.run("apply")


def test_a_host_that_is_not_there_is_said_in_one_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(await_routes, "__defaults__", (*(await_routes.__defaults__ or ())[:1], 0.0))
    assert main(["--host", "http://127.0.0.1:1", "--scenarios", "browse", "--out", str(tmp_path)]) == 2
    assert capsys.readouterr().err.startswith("load test: no answer for any host/products/1")


@pytest.fixture
def shop() -> Iterator[str]:
    """The shop on local ports; its front page's URL."""
    with ExitStack() as stack:
        addresses: dict[str, tuple[str, int]] = {}
        for service in ("ratings", "catalog", "reviews", "checkout", "frontend"):
            caller = stack.enter_context(closing(HttpCaller(dict(addresses))))
            server = ServiceServer(("127.0.0.1", 0), service, build_routes(service, "v2", caller))
            thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
            thread.start()
            for clean_up in (server.server_close, thread.join, server.shutdown):  # run in reverse
                stack.callback(clean_up)
            addresses[service] = ("127.0.0.1", server.port)
        yield f"http://127.0.0.1:{addresses['frontend'][1]}"


def test_a_short_real_run_holds_and_reports(shop: str, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "loadtests", "--host", shop, "--run-time", "6s", "--users", "8"]
    finished = subprocess.run(
        [*command, "--scenarios", "browse", "--out", str(tmp_path)],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert finished.returncode == 0, finished.stdout + finished.stderr
    assert "all thresholds hold" in finished.stdout
    verdicts = json.loads((tmp_path / "thresholds.json").read_text())
    names = {verdict["text"].rpartition(": ")[0] for verdict in verdicts}
    assert names == {name for name in THRESHOLDS if name.startswith("browse")}
    assert "<html" in (tmp_path / "load.html").read_text()[:500].lower()
    assert json.loads((tmp_path / "load.json").read_text())
    assert (tmp_path / "load_stats.csv").is_file()
