"""Namespaces and pods of one run: two workloads in the mesh, one pod that the mesh leaves alone."""

from __future__ import annotations

import json
import os
import socket
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import Any

import yaml

from acceptance.cluster import Cluster
from acceptance.settings import Settings

HERE = Path(__file__).parent
OWNER = "mesh-acceptance-owner"
READY_SECONDS = 90
REQUEST_SECONDS = 5.0


@dataclass(frozen=True)
class Pod:
    """A pod of the run and its one app container."""

    cluster: Cluster
    namespace: str
    name: str
    ip: str
    account: str
    container: str

    @property
    def node_id(self) -> str:
        """As its proxy names itself."""
        return f"sidecar~{self.ip}~{self.name}.{self.namespace}~{self.namespace}.svc.cluster.local"

    def execute(self, *command: str, container: str | None = None, stdin: str = "") -> str:
        """Standard output of a command in a container, the app's unless told."""
        where = ("-i", "-n", self.namespace, self.name, "-c", container or self.container)
        return self.cluster.kubectl("exec", *where, "--", *command, stdin=stdin)

    def ask(self, requests: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """Send HTTP requests from the app, as asking.py takes them; what came back, in order."""
        program = (HERE / "asking.py").read_text()
        plan = json.dumps({"requests": list(requests), "timeout": REQUEST_SECONDS})
        answers: list[dict[str, Any]] = json.loads(self.execute("python3", "-c", program, stdin=plan))
        return answers


@dataclass(frozen=True)
class Workloads:
    """`web` serves and `client` asks, both in the mesh; `outside` is in a namespace that is not."""

    namespace: str
    outside_namespace: str
    web: Pod
    client: Pod
    outside: Pod


@contextmanager
def running(cluster: Cluster, settings: Settings) -> Iterator[Workloads]:
    """Workloads for the length of a block. What killed runs left behind goes first."""
    remove_abandoned(cluster)
    run = f"accept-{int(time.time()) % 0xFFFFF:05x}{os.getpid() % 0xFFFF:04x}"
    values = {"namespace": run, "outside": f"{run}-outside", "image": settings.image, "owner": f"{OWNER}: {_owner()}"}
    try:
        cluster.apply(Template((HERE / "namespaces.yaml").read_text()).substitute(values))
        cluster.apply(Template((HERE / "workloads.yaml").read_text()).substitute(values))
        for namespace, name in ((run, "web"), (run, "client"), (f"{run}-outside", "client")):
            limit = f"--timeout={READY_SECONDS}s"
            words = ("rollout", "status", "-n", namespace, limit, f"deployment/{name}")
            cluster.kubectl(*words, timeout=READY_SECONDS + 10)
        yield Workloads(
            run,
            f"{run}-outside",
            web=_pod(cluster, run, "web"),
            client=_pod(cluster, run, "client"),
            outside=_pod(cluster, f"{run}-outside", "client"),
        )
    finally:
        cluster.kubectl("delete", "namespace", run, f"{run}-outside", "--wait=false", "--ignore-not-found")


def remove_abandoned(cluster: Cluster) -> None:
    """Delete namespaces whose owner was a process of this machine that is gone."""
    for item in cluster.get("namespaces", "-l", OWNER)["items"]:
        host, _, process = item["metadata"]["labels"][OWNER].rpartition(".")
        if host == _host() and process.isdecimal() and not _runs(process):
            cluster.kubectl("delete", "namespace", item["metadata"]["name"], "--wait=false", "--ignore-not-found")


def manifest(*objects: Mapping[str, Any]) -> str:
    """YAML of several objects."""
    return yaml.safe_dump_all(objects)


def _runs(process: str) -> bool:
    """Whether there is such a process that has not ended (a zombie has)."""
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(") ")[2]
    except OSError:
        return False
    return not state.startswith("Z")


def _host() -> str:
    return socket.gethostname()[:40].strip(".-_")


def _owner() -> str:
    return f"{_host()}.{os.getpid()}"


def _pod(cluster: Cluster, namespace: str, app: str) -> Pod:
    pods = cluster.ready_pods(namespace, f"app={app}")
    assert pods, f"no ready pod {app} in namespace {namespace}"
    return Pod(cluster, namespace, pods[0]["metadata"]["name"], pods[0]["status"]["podIP"], app, app)
