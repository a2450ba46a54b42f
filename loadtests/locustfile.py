"""What Locust loads: the users, the shape, and at the end the thresholds, which decide the exit code."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from locust import events
from locust.argument_parser import LocustArgumentParser
from locust.env import Environment

from loadtests import users
from loadtests.shape import Steps
from loadtests.thresholds import Measured, Verdict, judge, judge_attempts, judge_canary, judge_testers
from loadtests.users import BrowsingUser, CanaryUser, RetriedUser

__all__ = ["BrowsingUser", "CanaryUser", "RetriedUser", "Steps"]


def add_options(parser: LocustArgumentParser) -> None:
    """Locust's own options do the rest."""
    parser.add_argument("--thresholds-file", default="", help="write the verdicts to this JSON file")


def judge_the_run(environment: Environment, **_: Any) -> None:
    """Compare with the table, say so, and set the exit code."""
    verdicts = collect_verdicts(environment)
    for verdict in verdicts:
        print(f"{'holds ' if verdict.holds else 'MISSED'} {verdict.text}", flush=True)
    path = getattr(environment.parsed_options, "thresholds_file", "")
    if path:
        content = [{"holds": verdict.holds, "text": verdict.text} for verdict in verdicts]
        Path(path).write_text(json.dumps(content, indent=2) + os.linesep)
    environment.process_exit_code = 0 if verdicts and all(verdict.holds for verdict in verdicts) else 1


def collect_verdicts(environment: Environment) -> list[Verdict]:
    """All judgements of a finished run, requests by name first."""
    entries = sorted(environment.stats.entries.values(), key=lambda entry: str(entry.name))
    verdicts = [
        judge(
            Measured(
                entry.name,
                entry.num_requests,
                entry.num_failures,
                float(entry.get_response_time_percentile(0.95) or 0.0),
            )
        )
        for entry in entries
    ]
    others = (
        judge_canary(users.visitor_versions),
        judge_testers(users.tester_versions),
        judge_attempts(users.attempt_numbers),
    )
    return verdicts + [verdict for verdict in others if verdict is not None]


events.init_command_line_parser.add_listener(add_options)  # type: ignore[no-untyped-call]
events.quitting.add_listener(judge_the_run)  # type: ignore[no-untyped-call]
