"""Tools, engine and environment that every command on the stack works with."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
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
    with _node_file_systems(chosen, engine) as node_tools:
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


@contextmanager
def _node_file_systems(settings: Settings, engine: Engine) -> Iterator[tuple[str, ...]]:
    """Tools for a node image that has to be made, while the systems it starts from are made already.

    Here, not in the middle of `pulumi up`; and together, for one waits for packages, the other for compilers.
    """
    from clusters import node

    tools = node.missing_tools(engine) if settings.cluster_provider == "kind" else ()
    if not tools:
        yield ()
        return
    ensure_tools(("debootstrap",))
    with aside(node.make_file_systems):
        yield tools
