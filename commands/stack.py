"""Which stack is meant, and what its configuration says, read without starting Pulumi."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import yaml

from mesh_stack import settings
from mesh_stack.settings import Settings
from toolchain.errors import UserError
from toolchain.paths import repo_root, state_dir

PROJECT = "mesh-stack"
DEFAULT_STACK = "kind"


def stack_name() -> str:
    """`$PULUMI_STACK`, else `kind`."""
    return os.environ.get("PULUMI_STACK") or DEFAULT_STACK


def config_file() -> Path:
    """Configuration of the stack, which `pulumi config set` edits."""
    return repo_root() / f"Pulumi.{stack_name()}.yaml"


def state_file() -> Path:
    """The stack's state in the local backend."""
    return backend_dir() / ".pulumi" / "stacks" / PROJECT / f"{stack_name()}.json"


def backend_dir() -> Path:
    """Folder of the local backend. Only its owner may read it: it holds the cluster's kubeconfig."""
    folder = state_dir() / "pulumi"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def stack_settings() -> Settings:
    """The stack's checked settings. Raises UserError naming the wrong key."""
    values = _config_values()
    return settings.parse(values.get, given=values)


def _config_values() -> Mapping[str, str]:
    path = config_file()
    if not path.exists():
        raise UserError(f"there is no {path.name}: set PULUMI_STACK to a stack that has one, such as kind")
    try:
        document = yaml.safe_load(path.read_text()) or {}
        config = document.get("config") or {}
        prefix = f"{settings.NAMESPACE}:"
        return {key.removeprefix(prefix): _as_text(value) for key, value in config.items() if key.startswith(prefix)}
    except (yaml.YAMLError, AttributeError) as error:
        first = str(error).splitlines()[0]
        raise UserError(f"{path.name} cannot be read: {first}: correct it or restore it with git") from None


def _as_text(value: object) -> str:
    """YAML's types as Pulumi hands them to the program."""
    return str(value).lower() if isinstance(value, bool) else str(value)
