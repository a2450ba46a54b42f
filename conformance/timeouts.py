"""Every wait of the suite, in one table. Seconds unless a name says otherwise.

These are limits for a slow, busy machine, not expectations; what was really taken is measured and reported. The
environment variable MESH_PATIENCE (a factor, default 1) stretches or shortens the wait for objects to take effect.
"""

from __future__ import annotations

import os
from dataclasses import dataclass


@dataclass(frozen=True)
class Timeouts:
    """Limits and paces. Only `live_config` is itself a requirement that the suite judges."""

    kubectl: float = 60.0
    """One call of kubectl that does not wait for anything."""
    pods_ready: float = 120.0
    """Backends from applied to ready, images already on the node."""
    config_takes_effect: float = 20.0
    """An object written until every proxy concerned acts on it."""
    live_config: float = 1.0
    """The same as a requirement: the median of several changes, from kubectl's return."""
    live_config_rounds: int = 5
    request: float = 10.0
    """One request, unless a test is about a shorter one."""
    refused_request: float = 3.0
    """One request that is expected to be refused; a mesh may also leave it hanging."""
    scrape: float = 60.0
    """A request made until Prometheus tells of it: covers a scrape interval of 15 s."""
    scrape_stays: float = 3.0
    """How long a count must stay as it is once it is right."""
    trace_arrives: float = 30.0
    """A request made until Zipkin holds all of its spans."""
    log_arrives: float = 40.0
    """A request made until it stands in its proxy's log: covers a batch of 10 s."""
    control_plane_gone: float = 60.0
    control_plane_back: float = 90.0
    without_control_plane: float = 5.0
    """How long traffic has to flow without a control plane."""
    late_pod_ready: float = 120.0
    """A pod created without control plane until it is ready once that is back (controllers back off meanwhile)."""
    endpoints_follow: float = 60.0
    """A Deployment scaled until clients use exactly its pods; includes starting and draining them."""
    steady_load: float = 180.0
    """Longest a steady load may run."""
    timer_slack: float = 0.05
    """How much too early a timer may seem: event loops count from when their round began, not from the call."""
    rotation: float = 60.0
    seeded_fault_run: float = 180.0
    """One nested run of the suite with a fault seeded."""
    interval: float = 0.05
    """Pause between two looks at something that is still converging."""
    successes: int = 3
    """Looks in a row that must agree before something counts as converged."""


def build_timeouts(patience: str) -> Timeouts:
    """The table for a factor given as text. ValueError for what is not a number above zero."""
    factor = float(patience)
    if not 0 < factor < 1000:
        raise ValueError(f"MESH_PATIENCE={patience} is not a number above zero")
    return Timeouts(config_takes_effect=Timeouts.config_takes_effect * factor)


TIMEOUTS = build_timeouts(os.environ.get("MESH_PATIENCE", "1"))
