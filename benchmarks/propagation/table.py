"""Results as text for a terminal. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from benchmarks.propagation.requirements import Requirement
from benchmarks.propagation.results import Cell, Load

Row = Sequence[str]


def columns(head: Row, rows: Sequence[Row], left: int) -> str:
    """Columns as wide as they need be, the first `left` of them aligned to the left."""
    widths = [max(len(row[at]) for row in (head, *rows)) for at in range(len(head))]
    lines = []
    for row in (head, ["-" * width for width in widths], *rows):
        parts = [
            text.ljust(width) if at < left else text.rjust(width)
            for at, (text, width) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append("  ".join(parts).rstrip())
    return "\n".join(lines)


def size(count: float) -> str:
    """Bytes for people: `412 B`, `1.3 KB`, `2.1 MB`."""
    for unit, step in (("B", 1), ("KB", 1024), ("MB", 1024**2)):
        if count < step * 1024:
            return f"{count / step:.{0 if unit == 'B' else 1}f} {unit}"
    return f"{count / 1024**3:.1f} GB"


def propagation_table(cells: Iterable[Cell]) -> str:
    """Sorted so that the control planes of one size and kind stand below each other."""
    head = (
        "change", "services", "proxies", "control plane", "p50", "p90", "p99", "max", "last proxy", "write",
        "to each proxy", "CPU/change", "changes",
    )  # fmt: skip
    rows = [
        (
            cell.kind,
            str(cell.services),
            str(cell.proxies),
            cell.control_plane,
            *(f"{value:.1f}" for value in (cell.p50, cell.p90, cell.p99, cell.max, cell.whole_p50, cell.write_p50)),
            size(cell.bytes_per_proxy),
            f"{cell.cpu_per_change:.1f}",
            str(cell.changes),
        )
        for cell in sorted(cells, key=lambda cell: (cell.kind, cell.services, cell.proxies))
    ]
    legend = (
        "ms from the write being sent to the resource being received by a proxy; last proxy: until all had it (p50); "
        "write: until the API server had answered (p50); CPU of the control plane in ms"
    )
    return f"{columns(head, rows, left=4)}\n{legend}"


def load_table(loads: Iterable[Load]) -> str:
    head = ("services", "proxies", "control plane", "new proxy", "connected", "in", "CPU", "memory", "peak", "lost")
    rows = [
        (
            str(load.services),
            str(load.proxies),
            load.control_plane,
            f"{load.join_p50:.0f} ms",
            f"+{load.connected}",
            f"{load.connect_seconds:.1f} s",
            f"{load.connect_cpu_seconds:.1f} s",
            f"{load.memory:.0f} MB",
            f"{load.peak_memory:.0f} MB",
            str(load.lost),
        )
        for load in sorted(loads, key=lambda load: (load.services, load.proxies))
    ]
    legend = (
        "new proxy: from its connection to its last resource (p50); connected: proxies that came at once; "
        "lost: streams that the control plane ended, whose proxies then came back"
    )
    return f"{columns(head, rows, left=3)}\n{legend}"


def verdicts(requirements: Iterable[Requirement]) -> str:
    return "\n".join(
        f"{each.verdict:12}  {each.text}" + (f" ({each.found})" if each.found else "") for each in requirements
    )
