"""The run: for each size a fresh API server, on which the control planes take turns, round after round.

Whatever else the machine does meets all of them alike. Within a turn the proxies grow in number, so that each control
plane starts once; with each number of proxies all kinds of change are made, one change at a time.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

from benchmarks.propagation import objects
from benchmarks.propagation.api_server import api_server
from benchmarks.propagation.changes import KINDS, Changes
from benchmarks.propagation.control_planes import CONTROL_PLANES, Running, running
from benchmarks.propagation.fleet import Fleet
from benchmarks.propagation.kubernetes import connected
from benchmarks.propagation.mesh import install
from benchmarks.propagation.options import Options
from benchmarks.propagation.results import KindResult, Stage
from toolchain import ensure

PAUSE_SECONDS = (0.02, 0.04)
"""Between changes: long enough for acknowledgements, never in step with anything."""
CHANGE_SECONDS = 60.0
CONNECT_SECONDS = 300.0
JOINS = 5
WARM_UP = 3
"""Changes of each kind that are made first and not counted."""

Say = Callable[[str], None]


async def run(options: Options, folder: Path, say: Say) -> AsyncIterator[Stage]:
    """Every stage as it is done. Raises BenchmarkError, and UserError where a program cannot be had."""
    for services in options.services:
        pods = objects.pod_count(services, max(options.proxies) + 1)
        say(f"{services} services: starting an API server and writing {services} services and {pods} pods")
        size = folder / f"services-{services}"
        async with api_server(size) as server, connected(server) as kubernetes:
            await install(kubernetes, ensure("istiod") / "crds.yaml", services, pods)
            changes = Changes(kubernetes, services)
            for turn in range(options.rounds):
                for name in options.control_planes:
                    say(f"{services} services, round {turn + 1} of {options.rounds}: starting {name}")
                    begin = time.monotonic()
                    async with running(CONTROL_PLANES[name], server, size / f"{name}-{turn}") as control_plane:
                        say(f"{name} is ready after {time.monotonic() - begin:.1f} s")
                        async for stage in _turn(options, services, name, control_plane, changes, say):
                            yield stage


async def _turn(
    options: Options, services: int, name: str, control_plane: Running, changes: Changes, say: Say
) -> AsyncIterator[Stage]:
    fleet = Fleet(control_plane.port, services)
    try:
        for proxies in options.proxies:
            stage = Stage(name, services, proxies, proxies - len(fleet.proxies))
            say(f"{name}: connecting {proxies} proxies")
            await _connect(stage, fleet, control_plane)
            if control_plane.metrics:
                say(f"{name}: waiting until the statuses of all objects are written")
            await control_plane.settled()
            for kind in KINDS:
                say(f"{name}, {services} services, {proxies} proxies: {kind}")
                stage.kinds[kind] = await _measure(options, kind, fleet, control_plane, changes)
            await changes.undo()
            await fleet.quiet(CONNECT_SECONDS)
            for reason, number in fleet.lost.items():
                say(f"{name}: {number} proxies lost their streams and came back: {reason}")
            stage.lost = fleet.lost.total()
            fleet.lost.clear()
            stage.memory, stage.peak_memory = control_plane.child.memory, control_plane.child.peak_memory
            yield stage
    finally:
        fleet.close()


async def _connect(stage: Stage, fleet: Fleet, control_plane: Running) -> None:
    cpu = control_plane.child.cpu_seconds
    stage.connect_seconds = await fleet.grow(stage.proxies, CONNECT_SECONDS)
    stage.connect_cpu_seconds = control_plane.child.cpu_seconds - cpu
    hosts = [objects.host_of(number).encode() for number in range(stage.services)]
    for _ in range(JOINS):
        stage.joins.append(await fleet.join(hosts, CONNECT_SECONDS))


async def _measure(options: Options, kind: str, fleet: Fleet, control_plane: Running, changes: Changes) -> KindResult:
    """Changes of one kind until there are enough of them or the time is up; at least one is made."""
    for _ in range(WARM_UP):
        await _change(kind, fleet, changes)
    await fleet.quiet(CONNECT_SECONDS)
    result = KindResult()
    sent, cpu = fleet.bytes_received, control_plane.child.cpu_seconds
    end = time.monotonic() + options.seconds
    for _ in range(options.changes):
        before, after, received = await _change(kind, fleet, changes)
        result.writes.append(after - before)
        result.latencies += [moment - before for moment in received]
        result.whole.append(max(received) - before)
        if time.monotonic() >= end:
            break
    await fleet.quiet(CONNECT_SECONDS)
    result.bytes_sent = fleet.bytes_received - sent
    result.cpu_seconds = control_plane.child.cpu_seconds - cpu
    return result


async def _change(kind: str, fleet: Fleet, changes: Changes) -> tuple[float, float, list[float]]:
    """Make one change: when it was sent, when it was answered, and when each proxy had received it."""
    await asyncio.sleep(random.uniform(*PAUSE_SECONDS))
    change = changes.next(kind)
    fleet.expect(change.marks)
    before = await change.write()
    after = time.monotonic()
    return before, after, await fleet.received(CHANGE_SECONDS)
