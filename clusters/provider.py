"""What the rest of the project knows of a place that Kubernetes clusters come from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class ClusterSpec:
    """What a cluster should be like. Ports are TCP ports of 127.0.0.1 on this machine; only kind publishes
    them.
    """

    name: str = "mesh"
    http_port: int = 8080
    https_port: int = 8443
    prometheus_port: int = 9090
    zipkin_port: int = 9411
    extra_http_port: int = 8081
    extra_https_port: int = 15443

    @property
    def node_ports(self) -> dict[str, tuple[int, int]]:
        """Configuration key → (port on this machine, node port it leads to)."""
        return {
            "httpPort": (self.http_port, 30080),
            "httpsPort": (self.https_port, 30443),
            "prometheusPort": (self.prometheus_port, 30090),
            "zipkinPort": (self.zipkin_port, 30411),
            "extraHttpPort": (self.extra_http_port, 30081),
            "extraHttpsPort": (self.extra_https_port, 30444),
        }


@dataclass(frozen=True)
class ClusterHandle:
    """A cluster that exists: `provider` is its provider's name, `kubeconfig` YAML or JSON text with secrets
    in it.
    """

    name: str
    provider: str
    kubeconfig: str
    context: str


class ClusterProvider(Protocol):
    """Makes, finds and deletes clusters. Every method raises UserError for what its reader can put right."""

    def create(self, spec: ClusterSpec) -> ClusterHandle:
        """A cluster as `spec` says, whose API answers and whose node is Ready. One that is there and well is
        kept.
        """
        ...

    def read(self, name: str) -> ClusterHandle | None:
        """The cluster of that name if it is there and answers. Changes nothing."""
        ...

    def delete(self, name: str) -> None:
        """Remove the cluster. One that is not there is no error."""
        ...

    def load_images(self, handle: ClusterHandle, refs: Sequence[str]) -> None:
        """Have the images, which the container engine holds, on the cluster's nodes. Those there already cost
        nothing.
        """
        ...
