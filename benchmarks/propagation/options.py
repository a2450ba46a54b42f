"""The command line."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.propagation.control_planes import CONTROL_PLANES

MOST_SERVICES, MOST_PROXIES, MOST_ROUNDS, MOST_CHANGES, MOST_SECONDS = 5000, 2000, 20, 1000, 120.0
"""Everything is bounded: this is a test of one machine."""


@dataclass(frozen=True)
class Options:
    """`changes` and `seconds` bound each kind of change in each stage, whichever is reached first."""

    services: tuple[int, ...]
    proxies: tuple[int, ...]
    control_planes: tuple[str, ...]
    rounds: int
    changes: int
    seconds: float
    out: Path


def read_options(words: Sequence[str] | None = None) -> Options:
    """Exits with usage for wrong words."""
    return Options(**vars(build_parser().parse_args(words)))


def build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("benchmarks.propagation", description="How fast changes reach proxies.")
    add = parser.add_argument
    add("--services", type=_numbers(MOST_SERVICES), default=(50, 200, 1000), metavar="N,…", help="sizes (50,200,1000)")
    add("--proxies", type=_numbers(MOST_PROXIES), default=(1, 100), metavar="N,…", help="connected at once (1,100)")
    add("--control-planes", type=_names, default=tuple(CONTROL_PLANES), metavar="A,…",
        help="; ".join(f"{each.name}: {each.about}" for each in CONTROL_PLANES.values()))  # fmt: skip
    add("--rounds", type=_number(MOST_ROUNDS), default=2, metavar="N", help="turns of each control plane (2)")
    add("--changes", type=_number(MOST_CHANGES), default=200, metavar="N", help="of each kind, at most (200)")
    add("--seconds", type=_seconds, default=5.0, metavar="S", help="for each kind, at most (5)")
    add("--out", type=Path, default=Path(".mesh/reports/propagation"), metavar="DIR", help="folder for the reports")
    return parser


def _number(most: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        if not text.isdecimal() or not 1 <= int(text) <= most:
            raise argparse.ArgumentTypeError(f"{text} is not a number from 1 to {most}")
        return int(text)

    return parse


def _numbers(most: int) -> Callable[[str], tuple[int, ...]]:
    """Comma-separated numbers; smaller ones come first, each once."""
    number = _number(most)
    return lambda text: tuple(sorted({number(part.strip()) for part in text.split(",")}))


def _names(text: str) -> tuple[str, ...]:
    names = tuple(dict.fromkeys(part.strip() for part in text.split(",")))
    unknown = [name for name in names if name not in CONTROL_PLANES]
    if unknown:
        raise argparse.ArgumentTypeError(f"control planes are {', '.join(CONTROL_PLANES)}")
    return names


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds <= MOST_SECONDS:
        raise argparse.ArgumentTypeError(f"{text} is not a number of seconds up to {MOST_SECONDS:g}")
    return seconds
