"""The state machine of a measured proxy, fed with what a control plane would send."""

from __future__ import annotations

from envoy.config.cluster.v3 import cluster_pb2
from envoy.config.listener.v3 import listener_pb2
from envoy.config.route.v3 import route_pb2
from envoy.extensions.filters.network.http_connection_manager.v3 import http_connection_manager_pb2
from envoy.service.discovery.v3 import discovery_pb2
from google.protobuf.any_pb2 import Any
from google.protobuf.message import Message

from benchmarks.propagation.proxy import Mark, Proxy, node_of
from benchmarks.propagation.resources import CLUSTER, ENDPOINT, LISTENER, ROUTE, VIRTUAL_HOST


class Driven:
    """A proxy and what it has sent; `received` counts how often it had all that was expected."""

    def __init__(self) -> None:
        self.sent: list[discovery_pb2.DeltaDiscoveryRequest] = []
        self.received = 0
        self.proxy = Proxy(node_of(0, 50), self._received)
        self.proxy.open(self._send)

    def _send(self, message: bytes) -> None:
        self.sent.append(discovery_pb2.DeltaDiscoveryRequest.FromString(message))

    def _received(self) -> None:
        self.received += 1

    def take(
        self, type_url: str, resources: dict[str, Message], removed: tuple[str, ...] = (), now: float = 1.0
    ) -> list[discovery_pb2.DeltaDiscoveryRequest]:
        """What the proxy sends in answer, besides the acknowledgement, which is checked."""
        response = discovery_pb2.DeltaDiscoveryResponse(type_url=type_url, nonce="n", removed_resources=removed)
        for name, message in resources.items():
            response.resources.add(name=name).resource.value = message.SerializeToString()
        self.sent.clear()
        self.proxy.take(response.SerializeToString(), now)
        acknowledgement, *rest = self.sent
        assert (acknowledgement.type_url, acknowledgement.response_nonce) == (type_url, "n")
        assert not acknowledgement.HasField("error_detail")
        return rest


def _cluster(name: str) -> cluster_pb2.Cluster:
    return cluster_pb2.Cluster(name=name, type="EDS")


def _listener(route: str) -> listener_pb2.Listener:
    manager = http_connection_manager_pb2.HttpConnectionManager(rds={"route_config_name": route})
    packed = Any()
    packed.Pack(manager)
    return listener_pb2.Listener(filter_chains=[{"filters": [{"name": "hcm", "typed_config": packed}]}])


def _asked(requests: list[discovery_pb2.DeltaDiscoveryRequest]) -> list[tuple[str, list[str]]]:
    return [(request.type_url, list(request.resource_names_subscribe)) for request in requests]


def test_it_begins_with_clusters_and_says_who_it_is() -> None:
    driven = Driven()
    assert _asked(driven.sent) == [(CLUSTER, ["*"])]
    assert driven.sent[0].node.id == "sidecar~10.100.100.100~service-00000-00000.bench-0~bench-0.svc.cluster.local"
    assert not driven.proxy.complete


def test_it_asks_in_envoys_order_and_is_complete_with_the_last_resource() -> None:
    driven = Driven()
    plain = cluster_pb2.Cluster(name="plain", type="STATIC")
    assert _asked(driven.take(CLUSTER, {"a": _cluster("a"), "plain": plain})) == [(ENDPOINT, ["a"])]
    assert _asked(driven.take(ENDPOINT, {"a": Any()})) == [(LISTENER, ["*"])]
    assert _asked(driven.take(LISTENER, {"out": _listener("80")})) == [(ROUTE, ["80"])]
    assert not driven.proxy.complete
    assert driven.take(ROUTE, {"80": route_pb2.RouteConfiguration(name="80")}) == []
    assert driven.proxy.complete


def test_it_asks_for_virtual_hosts_where_routes_come_by_vhds() -> None:
    driven = Driven()
    driven.take(CLUSTER, {})
    driven.take(LISTENER, {"out": _listener("80")})
    route = route_pb2.RouteConfiguration(name="80", vhds={"config_source": {"ads": {}}})
    assert _asked(driven.take(ROUTE, {"80": route})) == [(VIRTUAL_HOST, [])]
    assert driven.take(ROUTE, {"80": route}) == []


def test_it_gives_up_endpoints_of_clusters_that_are_gone_and_asks_again_when_they_are_back() -> None:
    driven = Driven()
    driven.take(CLUSTER, {"a": _cluster("a")})
    (request,) = driven.take(CLUSTER, {}, removed=("a", "unknown"))[:1]
    assert list(request.resource_names_unsubscribe) == ["a"]
    assert _asked(driven.take(CLUSTER, {"a": _cluster("a")})) == [(ENDPOINT, ["a"])]


def test_a_change_has_arrived_when_every_mark_came_in_a_message_of_its_type() -> None:
    driven = Driven()
    driven.proxy.expect([Mark(frozenset({CLUSTER}), b"new"), Mark(frozenset({ROUTE, VIRTUAL_HOST}), b"new")])
    driven.take(ENDPOINT, {"new": Any()}, now=2.0)
    driven.take(CLUSTER, {"new": _cluster("new")}, now=3.0)
    assert (driven.proxy.received_at, driven.received) == (None, 0)
    driven.take(VIRTUAL_HOST, {"80/new": Any()}, now=4.0)
    driven.take(VIRTUAL_HOST, {"80/new": Any()}, now=5.0)
    assert (driven.proxy.received_at, driven.received) == (4.0, 1)


def test_every_byte_is_counted() -> None:
    driven = Driven()
    driven.take(CLUSTER, {"a": _cluster("a")})
    first = driven.proxy.bytes_received
    driven.take(CLUSTER, {"a": _cluster("a")})
    assert driven.proxy.bytes_received == 2 * first > 0
