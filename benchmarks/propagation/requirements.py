"""What is promised (issue 4), each held against what was measured. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from benchmarks.propagation.changes import KINDS, VIRTUAL_SERVICE
from benchmarks.propagation.control_planes import ISTIOD_TUNED, MESHD
from benchmarks.propagation.results import Cell, Load

HOLDS, MISSED, NOT_MEASURED = "holds", "MISSED", "not measured"
OURS, PEER = MESHD.name, ISTIOD_TUNED.name
LARGE = (1000, 1000)
"""Services and proxies at which memory and CPU are compared."""


@dataclass(frozen=True)
class Requirement:
    """`verdict` is one of the three above; `found` says what was measured, in words."""

    text: str
    verdict: str
    found: str = ""


def requirements(cells: Sequence[Cell], loads: Sequence[Load]) -> list[Requirement]:
    return [
        *_ahead(cells),
        _below("p50 below 6 ms for a changed VirtualService at 200 services and one proxy", cells, 200, "p50", 6.0),
        _below("p99 below 12 ms for the same", cells, 200, "p99", 12.0),
        _below("p50 below 8 ms for a changed VirtualService at 1,000 services and one proxy", cells, 1000, "p50", 8.0),
        _below("p99 below 16 ms for the same", cells, 1000, "p99", 16.0),
        _small(cells),
        *_lighter(cells, loads),
    ]


def _ahead(cells: Sequence[Cell]) -> list[Requirement]:
    """One for each kind and percentile: ahead at every size that both were measured at."""
    found: list[Requirement] = []
    for kind in KINDS:
        ours = {(c.services, c.proxies): c for c in cells if c.kind == kind and c.control_plane == OURS}
        peers = {(c.services, c.proxies): c for c in cells if c.kind == kind and c.control_plane == PEER}
        sizes = [size for size in ours if size in peers]
        for name in ("p50", "p99"):
            pairs = [(size, getattr(ours[size], name), getattr(peers[size], name)) for size in sizes]
            behind = [
                f"{s} services, {p} proxies: {own:.1f} ms to {peer:.1f} ms"
                for (s, p), own, peer in pairs
                if not own < peer
            ]
            text = f"{kind}: ahead of istiod at 1 ms debounce in {name} at every size"
            good = f"ahead at all {len(sizes)} sizes" if sizes else ""
            found.append(_judged(text, not behind if sizes else None, "; ".join(behind) or good))
    return found


def _below(text: str, cells: Iterable[Cell], services: int, name: str, limit: float) -> Requirement:
    for cell in cells:
        if (cell.control_plane, cell.services, cell.proxies, cell.kind) == (OURS, services, 1, VIRTUAL_SERVICE):
            value: float = getattr(cell, name)
            return _judged(text, value < limit, f"{value:.2f} ms")
    return _judged(text, None)


def _small(cells: Iterable[Cell]) -> Requirement:
    text = "at most 1 KB to each proxy for one changed route at 1,000 services"
    sizes = [
        cell.bytes_per_proxy
        for cell in cells
        if (cell.control_plane, cell.services, cell.kind) == (OURS, 1000, VIRTUAL_SERVICE)
    ]
    return _judged(text, max(sizes) <= 1024, f"{max(sizes):.0f} bytes") if sizes else _judged(text, None)


def _lighter(cells: Iterable[Cell], loads: Iterable[Load]) -> list[Requirement]:
    """Memory, CPU to connect and CPU for each kind of change at the largest size."""
    at = "not above istiod's at 1,000 services and 1,000 proxies"
    load = {each.control_plane: each for each in loads if (each.services, each.proxies) == LARGE}
    memory = {name: each.peak_memory for name, each in load.items()}
    connect = {name: each.connect_cpu_seconds for name, each in load.items()}
    found = [
        _not_above(f"peak memory {at}", "MB", memory),
        _not_above(f"CPU for the first configuration of all proxies {at}", "s", connect),
    ]
    large = [each for each in cells if (each.services, each.proxies) == LARGE]
    for kind in KINDS:
        change = {each.control_plane: each.cpu_per_change for each in large if each.kind == kind}
        found.append(_not_above(f"CPU for one change ({kind}) {at}", "ms", change))
    return found


def _not_above(text: str, unit: str, values: Mapping[str, float]) -> Requirement:
    """`values` by control plane."""
    ours, peer = values.get(OURS), values.get(PEER)
    if ours is None or peer is None:
        return _judged(text, None)
    return _judged(text, ours <= peer, f"{ours:.1f} {unit} to {peer:.1f} {unit}")


def _judged(text: str, holds: bool | None, found: str = "") -> Requirement:
    return Requirement(text, NOT_MEASURED if holds is None else HOLDS if holds else MISSED, found)
