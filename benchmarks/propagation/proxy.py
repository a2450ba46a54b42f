"""One proxy as a state machine: asks for what Envoy asks for, in Envoy's order, and accepts all it is sent.

Clusters, then their endpoints; listeners once these are there, then their routes; virtual hosts where routes come by
VHDS. Secrets are not asked for: istiod gives them to an agent, not to Envoy.

https://www.envoyproxy.io/docs/envoy/latest/intro/arch_overview/operations/init
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from envoy.config.core.v3 import base_pb2
from envoy.service.discovery.v3 import discovery_pb2

from benchmarks.propagation import objects
from benchmarks.propagation.resources import (
    CLUSTER,
    ENDPOINT,
    LISTENER,
    ROUTE,
    VIRTUAL_HOST,
    endpoints_of,
    routes_of,
    uses_vhds,
)


@dataclass(frozen=True)
class Mark:
    """Bytes that a message of one of `types` must hold."""

    types: frozenset[str]
    text: bytes


def node_of(pod: int, services: int) -> base_pb2.Node:
    """The node of the sidecar in a pod, with the metadata that istiod reads."""
    namespace, address = objects.namespace_of(pod % services), objects.pod_address(pod)
    app = objects.service_name(pod % services)
    node = base_pb2.Node(
        id=f"sidecar~{address}~{objects.pod_name(pod, services)}.{namespace}~{namespace}.svc.cluster.local",
        cluster=f"{app}.{namespace}",
    )
    node.metadata.update(
        {
            "NAMESPACE": namespace,
            "NAME": objects.pod_name(pod, services),
            "CLUSTER_ID": "Kubernetes",
            "ISTIO_VERSION": "1.31.0",
            "SERVICE_ACCOUNT": "default",
            "INSTANCE_IPS": address,
            "LABELS": {"app": app, "version": objects.version_of(pod, services)},
        }
    )
    return node


class Proxy:
    """`received_at` is when the last of the expected marks came.

    `missing` are (type, name) of resources that were asked for and have not come.
    """

    def __init__(self, node: base_pb2.Node, on_received: Callable[[], None]) -> None:
        self.node = node
        self.bytes_received = 0
        self.last_message_at = 0.0
        self.received_at: float | None = None
        self.missing: set[tuple[str, str]] = set()
        self.kept: list[bytes] | None = None
        """Routes and virtual hosts as they came, where someone wants to look at them."""
        self._send: Callable[[bytes], None] = lambda _: None
        self._on_received = on_received
        self._asked: dict[str, set[str]] = {}
        self._expected: list[Mark] = []

    def open(self, send: Callable[[bytes], None]) -> None:
        """Begin on a stream whose requests `send` takes; what an earlier one had brought is forgotten."""
        self._send = send
        self._asked.clear()
        self.missing.clear()
        self._ask(CLUSTER, ["*"], node=True)

    @property
    def complete(self) -> bool:
        """True when everything that was asked for has come."""
        return LISTENER in self._asked and not self.missing

    def expect(self, marks: Sequence[Mark]) -> None:
        self._expected = list(marks)
        self.received_at = None

    def take(self, message: bytes, now: float) -> None:
        """A DeltaDiscoveryResponse, whose last byte came at `now` (monotonic seconds)."""
        self.bytes_received += len(message)
        self.last_message_at = now
        response = discovery_pb2.DeltaDiscoveryResponse.FromString(message)
        type_url = response.type_url
        self._look_for_marks(type_url, message, now)
        acknowledgement = discovery_pb2.DeltaDiscoveryRequest(type_url=type_url, response_nonce=response.nonce)
        self._send(acknowledgement.SerializeToString())
        self.missing.difference_update((type_url, one.name) for one in response.resources)
        self.missing.discard((type_url, "*"))
        if self.kept is not None and type_url in (ROUTE, VIRTUAL_HOST):
            self.kept.append(message)
        self._follow(type_url, response)

    # --- inside

    def _look_for_marks(self, type_url: str, message: bytes, now: float) -> None:
        if self._expected:
            self._expected = [m for m in self._expected if type_url not in m.types or m.text not in message]
            if not self._expected:
                self.received_at = now
                self._on_received()

    def _follow(self, type_url: str, response: discovery_pb2.DeltaDiscoveryResponse) -> None:
        """Ask for what the resources name."""
        values = (one.resource.value for one in response.resources)
        if type_url == CLUSTER:
            self._drop(response.removed_resources)
            self._ask(ENDPOINT, filter(None, map(endpoints_of, values)))
        elif type_url == LISTENER:
            self._ask(ROUTE, (name for value in values for name in routes_of(value)))
        elif type_url == ROUTE and VIRTUAL_HOST not in self._asked and any(map(uses_vhds, values)):
            self._ask(VIRTUAL_HOST, ())
        if LISTENER not in self._asked and type_url in (CLUSTER, ENDPOINT) and not self.missing:
            self._ask(LISTENER, ["*"])

    def _ask(self, type_url: str, names: Iterable[str], node: bool = False) -> None:
        first = type_url not in self._asked
        asked = self._asked.setdefault(type_url, set())
        new = [name for name in dict.fromkeys(names) if name not in asked]
        if not new and not (first and type_url == VIRTUAL_HOST):
            return
        asked.update(new)
        self.missing.update((type_url, name) for name in new)
        request = discovery_pb2.DeltaDiscoveryRequest(type_url=type_url, resource_names_subscribe=new)
        if node:
            request.node.CopyFrom(self.node)
        self._send(request.SerializeToString())

    def _drop(self, clusters: Iterable[str]) -> None:
        """Endpoints of clusters that are gone are of no use any more."""
        asked = self._asked.get(ENDPOINT, set())
        gone = [name for name in clusters if name in asked]
        if gone:
            asked.difference_update(gone)
            self.missing.difference_update((ENDPOINT, name) for name in gone)
            request = discovery_pb2.DeltaDiscoveryRequest(type_url=ENDPOINT, resource_names_unsubscribe=gone)
            self._send(request.SerializeToString())
