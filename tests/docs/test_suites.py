"""docs/conformance.md and docs/loadtests.md list the features, options, limits and reports that the code has."""

from __future__ import annotations

import re
from pathlib import Path

from commands.proof import SMOKE_LOAD_SECONDS
from commands.test import LOAD_SECONDS
from conformance.canary.test_canary import ALTERNATIVES, REQUESTS
from conformance.faults.test_seeded_faults import FAULTS
from conformance.features import FEATURES, parse_features
from conformance.report import content_of
from conformance.statistics import acceptance_region
from conformance.timeouts import TIMEOUTS, build_timeouts
from loadtests.__main__ import MAX_USERS, SCENARIOS, build_parser, locust_command
from loadtests.thresholds import MIN_ATTEMPTS_PER_REQUEST, THRESHOLDS
from tests.docs.pages import DOCS, first_cells, section
from tests.docs.suite_options import suite_options

CONFORMANCE = DOCS / "conformance.md"
LOADTESTS = DOCS / "loadtests.md"


def table(path: Path, title: str) -> dict[str, list[str]]:
    """A section's table: what stands in `code` in the first column -> the other cells."""
    rows = re.findall(r"^\| `([^`]+)`\s*\|(.*)\|$", section(path, title), re.MULTILINE)
    return {name: [cell.strip() for cell in rest.split("|")] for name, rest in rows}


def test_features_are_those_of_the_suite_in_their_order() -> None:
    assert first_cells(section(CONFORMANCE, "Features")) == list(FEATURES)


def test_what_features_need_are_options() -> None:
    named = set(re.findall(r"`(--mesh-[a-z-]+)`", section(CONFORMANCE, "Features")))
    assert named <= suite_options().keys()


def test_suite_options_are_listed_with_their_defaults() -> None:
    listed = table(CONFORMANCE, "Options")
    assert list(listed) == list(suite_options())
    for name, default in suite_options().items():
        if default:
            assert listed[name][0] == f"`{default}`", name


def test_error_rates_are_those_of_the_test() -> None:
    text = section(CONFORMANCE, "Statistics")
    assert f"{REQUESTS:,} requests" in text
    for stable, other in ALTERNATIVES.items():
        region = acceptance_region(REQUESTS, stable / 100)
        passes = f"{region.low} to {region.high} of {REQUESTS}"
        missed = f"{other * 100:.0f}/{100 - other * 100:.0f}: {region.probability(other):.1e}"
        row = f"| {stable}/{100 - stable} | {passes} | {region.false_alarm:.1e} | {missed} |"
        assert row in text, row


def test_patience_stretches_what_is_said() -> None:
    said = re.search(r"(\d+) s at 1", section(CONFORMANCE, "Options"))
    assert said is not None
    assert float(said[1]) == build_timeouts("1").config_takes_effect
    assert build_timeouts("3").config_takes_effect == 3 * float(said[1])
    assert build_timeouts("3").live_config == TIMEOUTS.live_config == 1.0


def test_report_keys_are_listed() -> None:
    assert first_cells(section(CONFORMANCE, "Reports")) == list(content_of([], 0.0, 0.0, {}))


def test_seeded_faults_are_listed() -> None:
    assert first_cells(section(CONFORMANCE, "Seeded faults")) == [fault.values[0] for fault in FAULTS]


def test_features_left_out_on_istio_exist() -> None:
    left_out = re.search(r"--mesh-skip-features (\S+)", CONFORMANCE.read_text())
    assert left_out is not None
    assert parse_features(left_out[1])


def test_what_the_commands_run_of_it() -> None:
    told = f"`./mesh up` runs {SMOKE_LOAD_SECONDS} s of `browse`, `./mesh test` {LOAD_SECONDS} s of everything"
    assert told in " ".join(LOADTESTS.read_text().split())


def test_scenarios_are_listed() -> None:
    assert first_cells(section(LOADTESTS, "Scenarios")) == list(SCENARIOS)


def test_thresholds_are_those_of_the_table() -> None:
    wanted = {
        name: [f"{limit.max_failure_ratio:.1%}", f"{limit.max_p95_ms:.0f} ms", str(limit.min_requests)]
        for name, limit in THRESHOLDS.items()
    }
    assert table(LOADTESTS, "Thresholds") == wanted
    assert f"{MIN_ATTEMPTS_PER_REQUEST} times per request" in " ".join(section(LOADTESTS, "Thresholds").split())


def test_load_options_are_listed_with_their_defaults() -> None:
    parser = build_parser()
    listed = table(LOADTESTS, "Options")
    known = re.findall(r"^  (--[a-z-]+)", parser.format_help(), re.MULTILINE)
    assert list(listed) == known
    assert listed["--run-time"][0] == f"{parser.get_default('run_time'):.0f}s"
    assert listed["--users"][0] == str(parser.get_default("users"))
    assert listed["--out"][0] == f"`{parser.get_default('out')}`"
    assert listed["--namespace"][0] == f"`{parser.get_default('namespace')}`"
    assert f"at most {MAX_USERS}" in listed["--users"][1]


def test_load_reports_are_what_locust_is_told_to_write() -> None:
    told = " ".join(locust_command("http://gateway", 1, 1, ["browse"], Path("out")))
    named = re.findall(r"`(load[\w.]*|thresholds\.json)`", section(LOADTESTS, "Reports"))
    for name in named:
        stem = name.partition("_")[0] if name.endswith(".csv") else name.removesuffix(".json")
        assert f"out/{stem}" in told, name
