"""`./mesh down`: nothing of ours runs afterwards. Tools and images stay cached for the next `up`."""

from __future__ import annotations

import argparse

from commands import pulumi
from commands.environment import kubeconfig_file
from commands.orphans import end_orphans
from commands.run_lock import only_run
from commands.session import prepare
from commands.stack import stack_settings, state_file
from mesh_stack import cluster_lifecycle
from mesh_stack.settings import Settings
from toolchain.errors import UserError
from toolchain.progress import note, step


def run(_options: argparse.Namespace) -> int:
    """Remove the stack however whole it is."""
    with only_run():
        settings = _settings()
        pulumi.wait_for_other_run()
        if settings.cluster_provider == "kind":
            _with_its_cluster(settings)
        elif state_file().exists():
            _from_a_foreign_cluster(settings)
        end_orphans()
        kubeconfig_file().unlink(missing_ok=True)
        from clusters.engine import stop_engine

        stop_engine()
    print("mesh is down; tools and images are cached for the next ./mesh up")
    return 0


def _settings() -> Settings:
    """A configuration that has become wrong must not keep anyone from cleaning up."""
    try:
        return stack_settings()
    except UserError as error:
        note(f"{error}; taking the standard configuration down")
        return Settings()


def _with_its_cluster(settings: Settings) -> None:
    """What is in the cluster goes with it, so Pulumi has nothing to delete one by one."""
    from clusters import engine

    if engine.status() == "dead":
        # Its containers would come back with the next engine: bring it to life to remove them.
        try:
            engine.ensure_engine()
        except UserError as error:
            note(f"the engine does not come back: {error}")
    with step("Deleting the cluster"):
        cluster_lifecycle.delete(cluster_lifecycle.spec_of(settings))
    pulumi.forget_stack()


def _from_a_foreign_cluster(settings: Settings) -> None:
    session = prepare(settings)
    pulumi.destroy(session.environment)
    pulumi.forget_stack()
