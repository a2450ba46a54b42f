"""What was measured, as data: one Stage for each control plane, size and round; a Cell is what a table shows of it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field


def percentile(values: Sequence[float], percent: float) -> float:
    """The smallest of `values` that is not below `percent` percent of them (nearest rank). NaN without values."""
    if not values:
        return math.nan
    rank = max(math.ceil(len(values) * percent / 100), 1)
    return sorted(values)[rank - 1]


def mean(values: Sequence[float]) -> float:
    """NaN without values."""
    return sum(values) / len(values) if values else math.nan


@dataclass
class KindResult:
    """Changes of one kind.

    Seconds from right before a write was sent: `latencies` until a proxy had received it, one for every proxy and
    change; `whole` until the last proxy had; `writes` until the API server had answered. `bytes_sent` to all
    proxies and `cpu_seconds` of the control plane, over all changes.
    """

    latencies: list[float] = field(default_factory=list)
    whole: list[float] = field(default_factory=list)
    writes: list[float] = field(default_factory=list)
    bytes_sent: int = 0
    cpu_seconds: float = 0.0

    def add(self, other: KindResult) -> None:
        self.latencies += other.latencies
        self.whole += other.whole
        self.writes += other.writes
        self.bytes_sent += other.bytes_sent
        self.cpu_seconds += other.cpu_seconds


@dataclass
class Stage:
    """One control plane in one round with `proxies` proxies connected.

    `connect_seconds` and `connect_cpu_seconds` are for the proxies that were `connected` in this stage; `joins` are
    seconds that a single new proxy took. `memory` and `peak_memory` are in MB, the peak since the process began. `lost`
    are streams that the control plane ended.
    """

    control_plane: str
    services: int
    proxies: int
    connected: int = 0
    connect_seconds: float = 0.0
    connect_cpu_seconds: float = 0.0
    joins: list[float] = field(default_factory=list)
    memory: float = 0.0
    peak_memory: float = 0.0
    kinds: dict[str, KindResult] = field(default_factory=dict)
    lost: int = 0


@dataclass(frozen=True)
class Cell:
    """Times in milliseconds, bytes and CPU milliseconds for one change."""

    control_plane: str
    services: int
    proxies: int
    kind: str
    changes: int
    p50: float
    p90: float
    p99: float
    max: float
    whole_p50: float
    write_p50: float
    bytes_per_proxy: float
    cpu_per_change: float


@dataclass(frozen=True)
class Load:
    """What a control plane takes: `join_p50` in milliseconds, `connect` in seconds, memory in MB (largest round)."""

    control_plane: str
    services: int
    proxies: int
    join_p50: float
    connected: int
    connect_seconds: float
    connect_cpu_seconds: float
    memory: float
    peak_memory: float
    lost: int


Size = tuple[int, int, str]
"""(services, proxies, control plane)."""


def by_size(stages: Iterable[Stage]) -> dict[Size, list[Stage]]:
    """The rounds of each size, in the order in which they were first measured."""
    found: dict[Size, list[Stage]] = {}
    for stage in stages:
        found.setdefault((stage.services, stage.proxies, stage.control_plane), []).append(stage)
    return found


def cells(stages: Iterable[Stage]) -> list[Cell]:
    """All rounds of a size and kind together."""
    return [
        _cell(size, kind, [stage.kinds[kind] for stage in rounds if kind in stage.kinds])
        for size, rounds in by_size(stages).items()
        for kind in dict.fromkeys(kind for stage in rounds for kind in stage.kinds)
    ]


def loads(stages: Iterable[Stage]) -> list[Load]:
    return [_load(size, rounds) for size, rounds in by_size(stages).items()]


def _cell(size: Size, kind: str, rounds: Sequence[KindResult]) -> Cell:
    services, proxies, control_plane = size
    total = KindResult()
    for each in rounds:
        total.add(each)
    changes = len(total.writes)
    p50, p90, p99 = (1000 * percentile(total.latencies, percent) for percent in (50, 90, 99))
    return Cell(
        control_plane=control_plane,
        services=services,
        proxies=proxies,
        kind=kind,
        changes=changes,
        p50=p50,
        p90=p90,
        p99=p99,
        max=1000 * percentile(total.latencies, 100),
        whole_p50=1000 * percentile(total.whole, 50),
        write_p50=1000 * percentile(total.writes, 50),
        bytes_per_proxy=total.bytes_sent / changes / proxies if changes else math.nan,
        cpu_per_change=1000 * total.cpu_seconds / changes if changes else math.nan,
    )


def _load(size: Size, rounds: Sequence[Stage]) -> Load:
    services, proxies, control_plane = size
    return Load(
        control_plane=control_plane,
        services=services,
        proxies=proxies,
        join_p50=1000 * percentile([seconds for stage in rounds for seconds in stage.joins], 50),
        connected=max(stage.connected for stage in rounds),
        connect_seconds=mean([stage.connect_seconds for stage in rounds]),
        connect_cpu_seconds=mean([stage.connect_cpu_seconds for stage in rounds]),
        memory=max(stage.memory for stage in rounds),
        peak_memory=max(stage.peak_memory for stage in rounds),
        lost=sum(stage.lost for stage in rounds),
    )
