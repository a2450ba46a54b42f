"""A cluster that somebody else made: any kubeconfig and context."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from clusters.engine import ensure_engine
from clusters.kubectl import api_answers
from clusters.provider import ClusterHandle, ClusterSpec
from toolchain import ensure
from toolchain.errors import UserError
from toolchain.progress import step
from toolchain.run import run

ANSWER_SECONDS = 10


@dataclass(frozen=True)
class ExistingProvider:
    """`kubeconfig` is a file's path; `context` one of its contexts, its current one when None."""

    kubeconfig: Path
    context: str | None = None

    name = "existing"

    def create(self, spec: ClusterSpec) -> ClusterHandle:
        """The cluster, which must answer; nothing is made. Raises UserError when it does not."""
        handle = self._handle(spec.name)
        if not api_answers(handle.kubeconfig, ANSWER_SECONDS):
            raise UserError(
                f"the cluster of context {handle.context} in {self.kubeconfig} does not answer:"
                " start it, or choose another by mesh:kubeconfig and mesh:context"
            )
        return handle

    def read(self, name: str) -> ClusterHandle | None:
        """The cluster if it answers."""
        handle = self._handle(name)
        return handle if api_answers(handle.kubeconfig, ANSWER_SECONDS) else None

    def delete(self, name: str) -> None:
        """Leaves the cluster alone: it is not ours."""

    def load_images(self, handle: ClusterHandle, refs: Sequence[str]) -> None:
        """Push the images to the registry their names begin with, from where the nodes pull them.

        Raises UserError for a name without a registry, or what the push says.
        """
        local = [ref for ref in refs if not has_registry(ref)]
        if local:
            raise UserError(
                f"the nodes of context {handle.context} cannot pull {local[0]}: set mesh:imagePrefix"
                " to a registry they reach, such as registry.example/team/mesh-stack"
            )
        engine = ensure_engine()
        for ref in refs:
            with step(f"Pushing {ref}"):
                engine.docker("push", ref, timeout=1800)

    def _handle(self, name: str) -> ClusterHandle:
        """The one context, with its certificates in the text instead of beside it."""
        if not self.kubeconfig.is_file():
            raise UserError(f"{self.kubeconfig} is no file: set mesh:kubeconfig to a kubeconfig file's path")
        base: list[str | Path] = [ensure("kubectl"), "--kubeconfig", self.kubeconfig, "config"]
        try:
            context = self.context or run([*base, "current-context"], timeout=20).strip()
        except UserError:
            raise UserError(f"{self.kubeconfig} names no current context: choose one by mesh:context") from None
        try:
            text = run([*base, "view", "--context", context, "--minify", "--flatten", "--raw"], timeout=20)
        except UserError:
            raise UserError(f"{self.kubeconfig} has no usable context {context}: choose one by mesh:context") from None
        return ClusterHandle(name, self.name, text, context)


def has_registry(ref: str) -> bool:
    """Whether an image reference names a registry: its first part has a dot, a port, or is localhost."""
    first, slash, _ = ref.partition("/")
    return bool(slash) and ("." in first or ":" in first or first == "localhost")
