"""Tools, engine and environment that every command on the stack works with."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING

from commands import pulumi
from commands.environment import TOOLS, missing_tools, stack_environment
from commands.stack import stack_settings
from mesh_stack.settings import Settings
from toolchain import ensure_all
from toolchain.aside import aside
from toolchain.progress import step

if TYPE_CHECKING:
    from clusters.engine import Engine

IMAGE_TOOLS = ("envoy", "prometheus", "zipkin", "jre")


@dataclass(frozen=True)
class Session:
    """`environment` is laid over the current one for every tool."""

    settings: Settings
    environment: Mapping[str, str]


def prepare(settings: Settings | None = None) -> Session:
    """Have the tools, an engine and the stack. Everything that is there already is taken as it is."""
    chosen = settings or stack_settings()
    from clusters.engine import ensure_engine

    engine = ensure_engine()
    node_tools = _node_tools(chosen, engine)
    with _node_file_systems() if node_tools else nullcontext():
        ensure_tools((*TOOLS, *IMAGE_TOOLS, *node_tools))
    environment = stack_environment(engine.docker_host, engine.client)
    pulumi.ensure_stack(environment)
    return Session(chosen, environment)


def ensure_tools(names: tuple[str, ...]) -> None:
    """Find or make each; silent when none is missing. Those built from Go share its caches."""
    missing = missing_tools(names)
    if missing:
        with step(f"Tools: {', '.join(missing)}"):
            ensure_all(missing)


def _node_tools(settings: Settings, engine: Engine) -> tuple[str, ...]:
    """Made here, not in the middle of `pulumi up`."""
    from clusters import node

    return node.missing_tools(engine) if settings.cluster_provider == "kind" else ()


def _node_file_systems() -> AbstractContextManager[None]:
    """What a node image starts from, made beside its tools: one waits for packages, the other for compilers."""
    from clusters import node

    ensure_tools(("debootstrap",))
    return aside(node.make_file_systems)
