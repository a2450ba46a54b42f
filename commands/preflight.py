"""What must hold before anything is started, checked first so that nothing half-made is left behind."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from clusters import ports
from clusters.existing import has_registry
from clusters.provider import ClusterSpec
from commands import cluster
from commands.environment import TOOLS, missing_tools
from mesh_stack import cluster_lifecycle
from mesh_stack.settings import Settings
from toolchain.errors import UserError
from toolchain.paths import cache_dir, state_dir

GB = 1024**3
ENGINE_TOOLS = ("envoy", "prometheus", "zipkin", "jre")


def check(settings: Settings) -> None:
    """Raise UserError for the first thing that would make the run fail later."""
    _may_have_an_engine()
    _enough_disk(settings)
    if settings.cluster_provider == "kind" and not cluster.is_there(settings):
        ports.must_be_free(settings.host_ports)
    if settings.cluster_provider == "existing":
        _reachable(settings)


def _may_have_an_engine() -> None:
    """Every provider needs one: images are built with it."""
    from clusters import engine

    if os.geteuid() != 0 and engine.status() not in ("external", "running"):
        raise UserError("no container engine answers, and starting one needs root: start Docker or run this as root")


def _enough_disk(settings: Settings) -> None:
    cold = bool(missing_tools((*TOOLS, *ENGINE_TOOLS)))
    enough_disk(cache_dir(), 25.0 if cold else 5.0)
    enough_disk(state_dir(), 0.5)


def _reachable(settings: Settings) -> None:
    """The cluster answers, and its nodes have a registry to pull our images from."""
    cluster_lifecycle.provider_of(cluster_lifecycle.spec_of(settings)).create(ClusterSpec(name=settings.cluster_name))
    if not has_registry(f"{settings.image_prefix}/image"):
        raise UserError(
            f"configuration mesh:imagePrefix is {settings.image_prefix!r}, which names no registry: the nodes of an"
            " existing cluster pull our images, so set it to one they reach, such as registry.example/team/mesh-stack"
        )


def enough_disk(folder: Path, needed_gb: float) -> None:
    """Raise UserError when less than `needed_gb` is free where `folder` lies."""
    free_gb = shutil.disk_usage(folder).free / GB
    if free_gb < needed_gb:
        raise UserError(
            f"only {free_gb:.1f} GB free at {folder}, {needed_gb:g} GB needed: free some, or set MESH_CACHE"
            " to a folder on a larger disk"
        )
