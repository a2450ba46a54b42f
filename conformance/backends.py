"""The workloads that all tests share, and the callers inside them."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import yaml

from conformance.callers import Caller, HostCaller, PodCaller
from conformance.calls import Target
from conformance.convergence import eventually
from conformance.kubernetes import Kubernetes
from conformance.manifests import Manifests
from conformance.settings import Settings
from conformance.timeouts import TIMEOUTS

HERE = Path(__file__).parent
PROGRAMS = ("echo.py", "client.py", "sniffer.py")
OWNER = "mesh-conformance-owner"
REQUESTS_TO_SETTLE = 16
"""Twice as many as Target.load has under way at a time, so that each of its connections is used."""


@dataclass(frozen=True)
class Backends:
    """The pods of one run. `client` is in the mesh, `far` in it but in another namespace, `outside` is not."""

    settings: Settings
    client: PodCaller
    far: PodCaller
    outside: PodCaller
    echo_v1: PodCaller
    echo_v2: PodCaller
    sniffer: PodCaller

    def service(self, name: str, *, caller: Caller | None = None, port: int = 80, scheme: str = "http") -> Target:
        """A Service of the run's namespace, as seen by `caller` (the client in the mesh)."""
        return Target(caller or self.client, f"{scheme}://{name}.{self.settings.namespace}:{port}")

    def settle(self) -> None:
        """Have the connections between client and servers that are from before a change end.

        A proxy lets each of them take one more request under the rules it began with, and then ends it.
        """
        for name in ("echo-v1", "echo-v2"):
            target = self.service(name)

            def check(target: Target = target) -> None:
                tally = target.load(REQUESTS_TO_SETTLE)
                assert tally.statuses == {"200": REQUESTS_TO_SETTLE}, str(tally)

            eventually(check, within=TIMEOUTS.config_takes_effect, what=f"{name} free of earlier rules", successes=1)

    def spiffe_id(self, account: str, namespace: str | None = None) -> str:
        """The SPIFFE id of a service account, of the run's namespace unless told."""
        trust_domain = self.settings.trust_domain
        return f"spiffe://{trust_domain}/ns/{namespace or self.settings.namespace}/sa/{account}"

    def close(self) -> None:
        """End the programs in the pods."""
        for caller in (self.client, self.far, self.outside, self.echo_v1, self.echo_v2, self.sniffer):
            caller.close()


@dataclass(frozen=True)
class GatewayEntrance:
    """The ingress gateway's port 80 as the host reaches it."""

    settings: Settings
    url: str

    def host(self, name: str) -> Target:
        """A host `<name>.<namespace>.test`, which the suite's Gateway covers."""
        return Target(HostCaller(), self.url, f"{name}.{self.settings.namespace}.test")


def owner_label() -> str:
    """This machine and process, as a label's value."""
    return f"{socket.gethostname()[:40].strip('.-_')}.{os.getpid()}"


def is_abandoned(owner: str) -> bool:
    """Whether `owner` (see owner_label) was a process of this machine that is gone."""
    host, _, process = owner.rpartition(".")
    if host != owner_label().rpartition(".")[0] or not process.isdecimal():
        return False
    return not Path(f"/proc/{process}").exists() if Path("/proc/self").exists() else False


def remove_abandoned_namespaces(kubernetes: Kubernetes) -> None:
    """Delete what killed runs of this machine left behind."""
    for item in kubernetes.get("namespaces", "-l", OWNER)["items"]:
        if is_abandoned(item["metadata"]["labels"][OWNER]):
            kubernetes.kubectl("delete", "namespace", item["metadata"]["name"], "--wait=false", "--ignore-not-found")


@contextmanager
def running(kubernetes: Kubernetes, manifests: Manifests) -> Iterator[Backends]:
    """Namespaces and backends for a run, gone (or going) at the end. Those of a run in progress are only used."""
    settings = manifests.settings
    if settings.owns_namespaces:
        remove_abandoned_namespaces(kubernetes)
    try:
        if settings.owns_namespaces:
            _start(kubernetes, manifests)
        backends = _find(kubernetes, settings)
        try:
            yield backends
        finally:
            backends.close()
    finally:
        if settings.owns_namespaces and not settings.keep_namespaces:
            names = (settings.namespace, settings.far_namespace, settings.outside_namespace)
            kubernetes.kubectl("delete", "namespace", *names, "--wait=false", "--ignore-not-found")


def _start(kubernetes: Kubernetes, manifests: Manifests) -> None:
    settings = manifests.settings
    injection_key, injection_value = settings.injection_label.split("=")
    plain = f"{OWNER}: {owner_label()}"
    manifests.apply(
        HERE / "namespaces.yaml",
        mesh_labels=f"{{{plain}, {injection_key}: {injection_value}}}",
        plain_labels=f"{{{plain}}}",
    )
    programs = {name: (HERE / "wire" / name).read_text() for name in PROGRAMS}
    namespaces = (settings.namespace, settings.far_namespace, settings.outside_namespace)
    kubernetes.apply(
        yaml.safe_dump_all(
            {
                "apiVersion": "v1",
                "kind": "ConfigMap",
                "metadata": {"name": "conformance", "namespace": namespace},
                "data": programs,
            }
            for namespace in namespaces
        )
    )
    manifests.apply(HERE / "backends.yaml")
    kubernetes.rollout(settings.namespace, ["echo-v1", "echo-v2", "client"], TIMEOUTS.pods_ready)
    for namespace in (settings.far_namespace, settings.outside_namespace):
        kubernetes.rollout(namespace, ["client"], TIMEOUTS.pods_ready)


def _find(kubernetes: Kubernetes, settings: Settings) -> Backends:
    def caller(namespace: str, selector: str, container: str) -> PodCaller:
        pods = kubernetes.running_pods(namespace, selector)
        if not pods:
            raise LookupError(f"no ready pod {selector} in namespace {namespace}")
        return PodCaller(kubernetes, namespace, pods[0], container)

    return Backends(
        settings,
        client=caller(settings.namespace, "app=client", "client"),
        far=caller(settings.far_namespace, "app=client", "client"),
        outside=caller(settings.outside_namespace, "app=client", "client"),
        echo_v1=caller(settings.namespace, "app=echo,version=v1", "echo"),
        echo_v2=caller(settings.namespace, "app=echo,version=v2", "echo"),
        sniffer=caller(settings.namespace, "app=echo,version=v1", "sniffer"),
    )
