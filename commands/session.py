"""Tools, engine and environment that every command on the stack works with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from commands import pulumi
from commands.environment import TOOLS, missing_tools, stack_environment
from commands.stack import stack_settings
from mesh_stack.settings import Settings
from toolchain import ensure
from toolchain.progress import step

IMAGE_TOOLS = ("envoy", "prometheus", "zipkin", "jre")
NODE_TOOLS = ("kubernetes", "etcd", "coredns", "debootstrap")


@dataclass(frozen=True)
class Session:
    """`environment` is laid over the current one for every tool."""

    settings: Settings
    environment: Mapping[str, str]


def prepare(settings: Settings | None = None) -> Session:
    """Have the tools, an engine and the stack. Everything that is there already is taken as it is."""
    chosen = settings or stack_settings()
    ensure_tools((*TOOLS, *IMAGE_TOOLS))
    from clusters.engine import ensure_engine

    engine = ensure_engine()
    environment = stack_environment(engine.docker_host, engine.client)
    pulumi.ensure_stack(environment)
    return Session(chosen, environment)


def ensure_tools(names: tuple[str, ...]) -> None:
    """Find or make each; silent when none is missing."""
    missing = missing_tools(names)
    if not missing:
        return
    with step(f"Tools: {', '.join(missing)}") as current:
        for number, name in enumerate(missing, 1):
            current.update(f"{name} ({number} of {len(missing)})")
            ensure(name)
