"""Clusters that run in one container on this machine, made by kind."""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from clusters import image_loading, ports
from clusters.checkout import checkout_id
from clusters.engine import Engine, ensure_engine, running_engine
from clusters.kind_config import COMPLETE, complete_note, kind_config, node_name
from clusters.kubectl import api_answers, wait_for_nodes
from clusters.node import is_official, node_image
from clusters.provider import ClusterHandle, ClusterSpec
from toolchain import ensure
from toolchain.errors import UserError
from toolchain.progress import note, step
from toolchain.run import run

CREATE_SECONDS = 300
HEAL_SECONDS = 60
READY_SECONDS = 120

NodeState = Literal["absent", "running", "halted"]


class KindProvider:
    """One-node clusters in the engine `ensure_engine` finds."""

    name = "kind"

    def create(self, spec: ClusterSpec) -> ClusterHandle:
        """A Ready cluster. One that is well is reused; one that is not is healed, or else made anew, saying
        which.

        Raises UserError naming a host port that is taken, and for whatever kind or the engine refuses.
        """
        engine = ensure_engine()
        handle = self._kept(engine, spec)
        return handle or self._created(engine, spec)

    def read(self, name: str) -> ClusterHandle | None:
        """The cluster if its node runs and its API answers; starts and changes nothing."""
        engine = running_engine()
        if engine is None or node_state(engine, name) != "running":
            return None
        handle = self._handle(engine, name)
        return handle if handle and api_answers(handle.kubeconfig) else None

    def delete(self, name: str) -> None:
        """Remove the cluster's container and its data. Needs no living API server."""
        engine = running_engine()
        if engine is None or node_state(engine, name) == "absent":
            return
        engine.docker("rm", "--force", "--volumes", node_name(name))

    def load_images(self, handle: ClusterHandle, refs: Sequence[str]) -> None:
        """Copy those of the engine's images that the node lacks into it."""
        image_loading.load(ensure_engine(), node_name(handle.name), refs)

    def _kept(self, engine: Engine, spec: ClusterSpec) -> ClusterHandle | None:
        """The existing cluster, well or healed; None when one has to be made (what was there is removed)."""
        state = node_state(engine, spec.name)
        if state == "absent":
            return None
        if state == "halted":
            ports.must_be_free({key: port for key, (port, _) in spec.node_ports.items()})
            with step(f"Starting cluster {spec.name} again"):
                engine.try_docker("start", node_name(spec.name))
        why = self._unusable(engine, spec)
        if why is None:
            handle = self._well(engine, spec.name, 5 if state == "running" else HEAL_SECONDS)
            if handle:
                if state == "halted":
                    note(f"healed cluster {spec.name}: its node had stopped and runs again")
                return handle
            why = "its API does not answer"
        note(f"recreating cluster {spec.name}: {why}")
        self.delete(spec.name)
        return None

    def _unusable(self, engine: Engine, spec: ClusterSpec) -> str | None:
        """Why the cluster cannot be used even if it runs: half made, or not as `spec` says."""
        found = engine.try_docker("exec", node_name(spec.name), "cat", COMPLETE)
        if found is None:
            return "it had been left half made"
        wanted = json.loads(complete_note(spec, checkout_id()))
        if json.loads(found).get("checkout") != wanted["checkout"]:
            return "another checkout made it, or this one has lost its state"
        if json.loads(found) != wanted:
            return "its ports differ from the configured ones"
        return None

    def _well(self, engine: Engine, name: str, seconds: int) -> ClusterHandle | None:
        """The cluster once its API answers and its node is Ready, None when it is not in `seconds`."""
        deadline = time.monotonic() + seconds
        while True:
            handle = self._handle(engine, name)
            if handle and api_answers(handle.kubeconfig):
                return handle if wait_for_nodes(handle.kubeconfig, HEAL_SECONDS) else None
            if time.monotonic() > deadline:
                return None
            time.sleep(0.5)

    def _created(self, engine: Engine, spec: ClusterSpec) -> ClusterHandle:
        image = node_image(engine)
        ports.must_be_free({key: port for key, (port, _) in spec.node_ports.items()})
        with step(f"Creating cluster {spec.name}"):
            _kind_create(engine, spec, image)
            handle = self._handle(engine, spec.name)  # the text that every later look at the cluster gives, too
            if handle is None or not wait_for_nodes(handle.kubeconfig, READY_SECONDS):
                raise UserError(
                    f"cluster {spec.name} was made, but its node is not Ready after {READY_SECONDS} s:"
                    f" see `docker logs {node_name(spec.name)}`"
                )
            _leave_note(engine, spec)
        return handle

    def _handle(self, engine: Engine, name: str) -> ClusterHandle | None:
        try:
            text = run([ensure("kind"), "get", "kubeconfig", "--name", name], env=engine.env(), timeout=30)
        except UserError:
            return None
        return ClusterHandle(name, self.name, text, f"kind-{name}")


def node_state(engine: Engine, cluster: str) -> NodeState:
    """Whether the cluster's node container is there and runs."""
    status = engine.try_docker("inspect", "--type", "container", "--format", "{{.State.Status}}", node_name(cluster))
    if status is None:
        return "absent"
    return "running" if status.strip() == "running" else "halted"


def _kind_create(engine: Engine, spec: ClusterSpec, image: str) -> None:
    """Run `kind create cluster`; its kubeconfig goes to a file that is dropped, not to the user's own."""
    with tempfile.TemporaryDirectory(prefix="kind-") as folder:
        config, kubeconfig = Path(folder, "config.json"), Path(folder, "kubeconfig")
        config.write_text(json.dumps(kind_config(spec, own_network=not is_official(image))))
        words: list[str | Path] = ["create", "cluster", "--name", spec.name, "--image", image]
        words += ["--config", config, "--kubeconfig", kubeconfig]
        run([ensure("kind"), *words], env=engine.env(), timeout=CREATE_SECONDS)


def _leave_note(engine: Engine, spec: ClusterSpec) -> None:
    words = ["sh", "-c", 'printf %s "$1" > "$2"', "sh", complete_note(spec, checkout_id()), COMPLETE]
    engine.docker("exec", node_name(spec.name), *words)
