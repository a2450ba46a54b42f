"""The environment in which pulumi, kubectl, kind and docker see this checkout's stack and nothing else.

`./mesh` runs its tools in it and `./mesh env` prints it, so that both are the same thing.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from commands.stack import backend_dir, stack_name
from toolchain import ensure, find
from toolchain.paths import repo_root, state_dir

TOOLS = ("pulumi", "pulumi-resource-kubernetes", "kubectl", "kind")
PASSPHRASE = "mesh"
"""The state is local and readable by its owner only; whoever needs more sets PULUMI_CONFIG_PASSPHRASE."""


def kubeconfig_file() -> Path:
    """Kubeconfig of the stack's cluster, for people and for the suites."""
    return state_dir() / "kubeconfig"


def stack_environment(docker_host: str | None, client: Path | None) -> dict[str, str]:
    """Variables to lay over the current ones. Finds or makes the tools.

    `docker_host` and `client` are the container engine's address and command, None where none is needed.
    """
    variables = {
        "PATH": search_path([ensure(name).parent for name in TOOLS], client),
        "PULUMI_BACKEND_URL": f"file://{backend_dir()}",
        "PULUMI_HOME": str(backend_dir() / "home"),
        "PULUMI_STACK": stack_name(),
        "PULUMI_CONFIG_PASSPHRASE": os.environ.get("PULUMI_CONFIG_PASSPHRASE", PASSPHRASE),
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        # The file backend would keep a copy of the state of every run, for ever.
        "PULUMI_DIY_BACKEND_DISABLE_CHECKPOINT_BACKUPS": "true",
        # Everything it would fetch is on PATH.
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        # What the stack declares wins over edits made by hand, instead of stopping at a conflict.
        "PULUMI_K8S_ENABLE_PATCH_FORCE": "true",
        "PYTHONPATH": str(repo_root()),
        "KUBECONFIG": str(kubeconfig_file()),
    }
    if docker_host is not None:
        variables |= {"DOCKER_HOST": docker_host, "DOCKER_BUILDKIT": "0"}
    return variables


def search_path(tools: list[Path], client: Path | None) -> str:
    """PATH with the environment's Python and the tools before everything else, nothing twice."""
    first = [Path(sys.executable).parent, *tools, *([client.parent] if client else [])]
    folders = [str(folder) for folder in first] + os.environ.get("PATH", os.defpath).split(os.pathsep)
    return os.pathsep.join(dict.fromkeys(folders))


def missing_tools(names: tuple[str, ...]) -> list[str]:
    """Those that are neither on PATH nor in the cache."""
    return [name for name in names if find(name) is None]
