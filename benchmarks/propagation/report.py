"""Writes what was measured: results.json and propagation.svg."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from benchmarks.propagation.options import Options
from benchmarks.propagation.plot import svg
from benchmarks.propagation.requirements import requirements
from benchmarks.propagation.results import Stage, cells, loads
from toolchain.table import TOOLS


def write_reports(options: Options, stages: Sequence[Stage], seconds: float) -> None:
    """Both files, in the folder of the options."""
    options.out.mkdir(parents=True, exist_ok=True)
    text = json.dumps(as_json(options, stages, seconds), indent=1) + "\n"
    (options.out / "results.json").write_text(text)
    (options.out / "propagation.svg").write_text(svg(cells(stages)))


def as_json(options: Options, stages: Sequence[Stage], seconds: float) -> dict[str, Any]:
    """Times of cells in milliseconds; of stages, which hold every single value, in seconds."""
    found, taken = cells(stages), loads(stages)
    return {
        "machine": {"cpus": os.cpu_count(), "python": platform.python_version(), "kernel": platform.release()},
        "versions": {name: TOOLS[name].version for name in ("istiod", "kubernetes", "etcd")},
        "options": {**asdict(options), "out": str(options.out)},
        "seconds": round(seconds, 1),
        "requirements": [asdict(each) for each in requirements(found, taken)],
        "propagation": [asdict(each) for each in found],
        "load": [asdict(each) for each in taken],
        "stages": [_rounded(asdict(stage)) for stage in stages],
    }


def _rounded(value: Any) -> Any:
    """Microseconds are enough."""
    if isinstance(value, float):
        return round(value, 6)
    if isinstance(value, dict):
        return {key: _rounded(each) for key, each in value.items()}
    return [_rounded(each) for each in value] if isinstance(value, list) else value
