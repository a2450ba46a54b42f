"""Finds a tool or makes it: the cache, then PATH, then the vendor's release, then its module or package."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from toolchain import slots
from toolchain.errors import UserError
from toolchain.sources import gocaches, path
from toolchain.table import TOOLS
from toolchain.tool import Tool


def ensure(name: str) -> Path:
    """Absolute path of a tool's binary (a folder for those that are folders), found or made.

    Idempotent, safe to call from several processes, and instant when the tool is there. Raises UserError with
    the way out when the tool can be had from no source.
    """
    return ensure_all([name])[name]


def ensure_all(names: Iterable[str]) -> dict[str, Path]:
    """Like `ensure` for several tools; those that Go builds share its caches until the last one is done."""
    wanted = list(dict.fromkeys(names))
    found = {name: place for name in wanted if (place := find(name)) is not None}
    missing = [known(name) for name in wanted if name not in found]
    if missing:
        from toolchain.make import make_all  # only now: what makes tools takes longer to load than to find them

        found.update(make_all(missing))
    gocaches.drop_if_left_alone()
    return {name: found[name] for name in wanted}


def find(name: str) -> Path | None:
    """The tool if it is finished in the cache or fits on PATH. Never downloads or builds."""
    tool = known(name)
    folder = slots.finished(tool) or path.locate(tool)
    return folder / tool.entry if folder else None


def origin(name: str) -> str:
    """Where a tool that `find` finds comes from, for people; empty when it finds none."""
    tool = known(name)
    if slots.finished(tool):
        return slots.origin(tool).source
    return "on PATH" if path.locate(tool) else ""


def known(name: str) -> Tool:
    """The row of the table. Raises UserError for a name that is not in it."""
    if name not in TOOLS:
        raise UserError(f"there is no tool {name!r} in the table; known are: {', '.join(TOOLS)}")
    return TOOLS[name]
