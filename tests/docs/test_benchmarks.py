"""docs/benchmarks.md lists the options, peers, changes and requirements that the benchmark has."""

from __future__ import annotations

from benchmarks.propagation.changes import KINDS
from benchmarks.propagation.control_planes import CLIENTS, CONTROL_PLANES, ISTIOD_TUNED
from benchmarks.propagation.options import build_parser, read_options
from tests.docs.pages import DOCS, first_cells, section

PAGE = DOCS / "benchmarks.md"


def test_options_are_listed_with_their_defaults() -> None:
    text = section(PAGE, "Options")
    offered = [name for action in build_parser()._actions for name in action.option_strings if name.startswith("--")]
    assert first_cells(text) == [name for name in offered if name != "--help"]
    options = read_options([])
    for row in (
        f"`--services` | {','.join(map(str, options.services))} |",
        f"`--proxies` | {','.join(map(str, options.proxies))} |",
        f"`--rounds` | {options.rounds} |",
        f"`--changes` | {options.changes} |",
        f"`--seconds` | {options.seconds:g} |",
        f"`--out` | `{options.out}` |",
    ):
        assert row in text


def test_peers_and_what_they_are_given_are_told() -> None:
    text = section(PAGE, "The peers")
    assert first_cells(text) == list(CONTROL_PLANES)
    (limit,) = CLIENTS.items()
    assert "=".join(limit) in text
    assert f"PILOT_DEBOUNCE_AFTER={ISTIOD_TUNED.environment['PILOT_DEBOUNCE_AFTER']}" in text


def test_all_kinds_of_change_are_described() -> None:
    text = section(PAGE, "What is measured")
    assert all(f"\n| {kind} |" in text for kind in KINDS)
