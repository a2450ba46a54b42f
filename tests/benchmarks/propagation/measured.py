"""Cells and loads as a run would give them."""

from __future__ import annotations

from dataclasses import replace

from benchmarks.propagation.results import Cell, Load

CELL = Cell(
    control_plane="meshd",
    services=200,
    proxies=1,
    kind="virtual service",
    changes=100,
    p50=4.0,
    p90=5.0,
    p99=6.0,
    max=7.0,
    whole_p50=4.0,
    write_p50=2.0,
    bytes_per_proxy=400.0,
    cpu_per_change=1.5,
)
LOAD = Load(
    control_plane="meshd",
    services=1000,
    proxies=1000,
    join_p50=50.0,
    connected=900,
    connect_seconds=10.0,
    connect_cpu_seconds=8.0,
    memory=200.0,
    peak_memory=300.0,
    lost=0,
)


def cell(**changes: object) -> Cell:
    return replace(CELL, **changes)  # type: ignore[arg-type]


def load(**changes: object) -> Load:
    return replace(LOAD, **changes)  # type: ignore[arg-type]
