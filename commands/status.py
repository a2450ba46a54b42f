"""`./mesh status`: what runs, and whether every proxy has what the control plane sent it."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from clusters import engine
from commands.control_plane import Replica, replicas, with_proxies
from commands.environment import kubeconfig_file
from commands.stack import stack_settings
from commands.tables import columns
from mesh_stack import cluster_lifecycle
from toolchain import find


@dataclass(frozen=True)
class Status:
    """Everything shown. `cluster` is `ready` or `absent`."""

    engine: str
    cluster: str
    name: str
    control_plane: Sequence[Replica] = field(default_factory=tuple)


def run(options: argparse.Namespace) -> int:
    """0 when the mesh is whole: cluster ready, every replica ready and every proxy in sync; else 1."""
    found = look()
    print(json.dumps(asdict(found), indent=2) if options.output == "json" else as_text(found))
    return 0 if is_whole(found) else 1


def look() -> Status:
    """Ask the engine, the cluster and every replica. Changes nothing."""
    settings = stack_settings()
    name = settings.cluster_name
    if find("kubectl") is None or not kubeconfig_file().exists():
        return Status(engine.status(), "absent", name)
    if cluster_lifecycle.handle_of(cluster_lifecycle.spec_of(settings)) is None:
        return Status(engine.status(), "absent", name)
    return Status(engine.status(), "ready", name, [with_proxies(replica) for replica in replicas()])


def is_whole(found: Status) -> bool:
    """Whether nothing is missing, late or refused."""
    replicas_well = bool(found.control_plane) and all(r.ready and not r.problem for r in found.control_plane)
    return (
        found.cluster == "ready"
        and replicas_well
        and all(state == "SYNCED" for proxy in _proxies(found) for state in sync_states(proxy).values())
    )


def as_text(found: Status) -> str:
    """One line for each thing; the proxies as a table."""
    lines = [f"engine         {found.engine}", f"cluster {found.name:<6} {found.cluster}"]
    for replica in found.control_plane:
        state = replica.problem or ("ready" if replica.ready else "not ready")
        lines.append(f"control plane  {replica.pod}: {state}, {len(replica.proxies)} proxies")
    proxies = _proxies(found)
    if proxies:
        kinds = sorted({kind for proxy in proxies for kind in sync_states(proxy)})
        header = ("PROXY", *kinds)
        rows = [(_title(proxy), *(sync_states(proxy).get(kind, "-") for kind in kinds)) for proxy in proxies]
        lines += ["", *columns([header, *sorted(rows)])]
    return "\n".join(lines)


def sync_states(proxy: Mapping[str, Any]) -> dict[str, str]:
    """Resource type → SYNCED, STALE or NACKED."""
    return {kind: str(sent["state"]) for kind, sent in proxy.get("types", {}).items()}


def _proxies(found: Status) -> list[Mapping[str, Any]]:
    return [proxy for replica in found.control_plane for proxy in replica.proxies]


def _title(proxy: Mapping[str, Any]) -> str:
    return f"{proxy['namespace']}/{proxy['pod']}"
