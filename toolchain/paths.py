"""Where things are kept: finished tools in the user's cache, the state of one checkout beside the code."""

from __future__ import annotations

import os
from pathlib import Path


def cache_dir() -> Path:
    """Folder shared by all checkouts: `$MESH_CACHE`, else `mesh-stack` in the user's cache folder.

    Absolute. Made when it is missing.
    """
    configured = os.environ.get("MESH_CACHE")
    if configured:
        folder = Path(configured).expanduser()
    else:
        base = os.environ.get("XDG_CACHE_HOME")
        folder = (Path(base) if base else Path.home() / ".cache") / "mesh-stack"
    folder = folder.absolute()
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def repo_root() -> Path:
    """The checkout this file is part of."""
    return Path(__file__).resolve().parent.parent


def state_dir() -> Path:
    """Git-ignored state of this checkout (`.mesh/`): Pulumi files, kubeconfig, reports. Made when missing."""
    folder = repo_root() / ".mesh"
    folder.mkdir(parents=True, exist_ok=True)
    return folder
