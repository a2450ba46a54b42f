"""Tables for the terminal."""

from __future__ import annotations

from collections.abc import Sequence

Row = Sequence[str]


def columns(rows: Sequence[Row]) -> list[str]:
    """One line for each row, its cells below each other; "-" for an empty one."""
    filled = [[cell or "-" for cell in row] for row in rows]
    widths = [max(len(row[column]) for row in filled) for column in range(len(filled[0]))]
    return ["  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip() for row in filled]
