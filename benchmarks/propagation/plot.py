"""The propagation times as an SVG of small panels: a column for each kind of change, a row for each number of proxies.

A bar is the median, the line above it reaches to p99; the scale is logarithmic and the same everywhere. Pure.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from html import escape

from benchmarks.propagation.results import Cell

COLOURS = ("#2563eb", "#ea580c", "#a8a29e", "#16a34a")
WIDTH, HEIGHT = 300, 200
"""Of a panel's plot."""
LEFT, TOP, GAP_X, GAP_Y = 70, 70, 40, 60
BAR_SHARE = 0.8
"""How much of its group's width the bars fill."""


def svg(cells: Sequence[Cell]) -> str:
    """One picture of all cells; an empty frame without any."""
    kinds = list(dict.fromkeys(cell.kind for cell in cells))
    proxies = sorted({cell.proxies for cell in cells})
    names = list(dict.fromkeys(cell.control_plane for cell in cells))
    scale = _Scale(cells)
    width = LEFT + max(len(kinds), 1) * (WIDTH + GAP_X)
    height = TOP + max(len(proxies), 1) * (HEIGHT + GAP_Y)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" '
        'font-family="sans-serif" font-size="12">',
        '<rect width="100%" height="100%" fill="white"/>',
        _text(LEFT, 22, "From API write to proxy, in ms: median, and the line to p99", size=15),
        *_legend(names),
    ]
    for row, count in enumerate(proxies):
        for column, kind in enumerate(kinds):
            found = [cell for cell in cells if (cell.kind, cell.proxies) == (kind, count)]
            title = f"{kind}, {count} {'proxy' if count == 1 else 'proxies'}"
            x, y = LEFT + column * (WIDTH + GAP_X), TOP + row * (HEIGHT + GAP_Y)
            parts.append(f'<g transform="translate({x},{y})">{_panel(title, found, names, scale)}</g>')
    return "\n".join([*parts, "</svg>\n"])


class _Scale:
    """Milliseconds to pixels above the base line, over whole powers of ten."""

    def __init__(self, cells: Iterable[Cell]) -> None:
        values = [value for cell in cells for value in (cell.p50, cell.p99) if value > 0]
        self.low = math.floor(math.log10(min(values, default=1)))
        self.high = max(math.ceil(math.log10(max(values, default=10))), self.low + 1)

    def height(self, value: float) -> float:
        share = (math.log10(max(value, 1e-9)) - self.low) / (self.high - self.low)
        return HEIGHT * min(max(share, 0.0), 1.0)

    @property
    def ticks(self) -> list[float]:
        return [10.0**power for power in range(self.low, self.high + 1)]


def _panel(title: str, cells: Sequence[Cell], names: Sequence[str], scale: _Scale) -> str:
    parts = [_text(0, -8, title)]
    for tick in scale.ticks:
        y = HEIGHT - scale.height(tick)
        parts.append(f'<line x1="0" x2="{WIDTH}" y1="{y:.1f}" y2="{y:.1f}" stroke="#e5e5e5"/>')
        parts.append(_text(-6, y + 4, f"{tick:g}", anchor="end"))
    services = sorted({cell.services for cell in cells})
    group = WIDTH / max(len(services), 1)
    bar = group * BAR_SHARE / max(len(names), 1)
    for cell in cells:
        x = services.index(cell.services) * group + group * (1 - BAR_SHARE) / 2 + names.index(cell.control_plane) * bar
        parts.append(_bar(x, bar, cell, COLOURS[names.index(cell.control_plane) % len(COLOURS)], scale))
    for at, count in enumerate(services):
        parts.append(_text((at + 0.5) * group, HEIGHT + 16, f"{count} services", anchor="middle"))
    return "".join(parts)


def _bar(x: float, width: float, cell: Cell, colour: str, scale: _Scale) -> str:
    top, end = HEIGHT - scale.height(cell.p50), HEIGHT - scale.height(cell.p99)
    middle = x + width / 2
    about = f"{cell.control_plane}: p50 {cell.p50:.1f} ms, p99 {cell.p99:.1f} ms, {cell.changes} changes"
    return (
        f"<g><title>{escape(about)}</title>"
        f'<rect x="{x:.1f}" y="{top:.1f}" width="{width * 0.9:.1f}" height="{HEIGHT - top:.1f}" fill="{colour}"/>'
        f'<line x1="{middle:.1f}" x2="{middle:.1f}" y1="{top:.1f}" y2="{end:.1f}" stroke="black"/></g>'
    )


def _legend(names: Sequence[str]) -> list[str]:
    parts = []
    for at, name in enumerate(names):
        x = LEFT + at * 110
        parts.append(f'<rect x="{x}" y="32" width="10" height="10" fill="{COLOURS[at % len(COLOURS)]}"/>')
        parts.append(_text(x + 15, 41, name))
    return parts


def _text(x: float, y: float, words: str, anchor: str = "start", size: int = 12) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}">{escape(words)}</text>'
