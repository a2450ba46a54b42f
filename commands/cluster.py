"""The stack's cluster as it is now, against what Pulumi's state says."""

from __future__ import annotations

import json
from typing import Any

from commands import pulumi
from commands.stack import state_file
from mesh_stack import cluster_lifecycle
from mesh_stack.settings import Settings
from toolchain.progress import note

CLUSTER_TYPE = "pulumi-python:dynamic/mesh-stack:Cluster"


def is_there(settings: Settings) -> bool:
    """Whether the kind cluster's node exists, working or not. Starts nothing."""
    from clusters.engine import running_engine
    from clusters.kind import node_state

    engine = running_engine()
    return engine is not None and node_state(engine, settings.cluster_name) == "running"


def heal(settings: Settings) -> None:
    """Bring a stopped cluster back or make it anew; forget a state that speaks of another one."""
    remembered = remembered_identity()
    if settings.cluster_provider != "kind" or remembered is None:
        return
    found = cluster_lifecycle.create(cluster_lifecycle.spec_of(settings))
    if found["identity"] != remembered:
        note("healing the stack: its cluster was gone, so everything in it is made anew")
        pulumi.forget_stack()


def remembered_identity() -> str | None:
    """Identity of the cluster that Pulumi's state speaks of, None without such a state."""
    try:
        latest = json.loads(state_file().read_text())["checkpoint"]["latest"] or {}
    except (OSError, ValueError, KeyError):
        return None
    resources: list[dict[str, Any]] = latest.get("resources") or []
    for resource in resources:
        if resource.get("type") == CLUSTER_TYPE:
            identity = resource.get("outputs", {}).get("identity")
            return str(identity) if identity else None
    return None
