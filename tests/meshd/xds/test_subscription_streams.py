"""What a stream sends for what it receives, played through without gRPC."""

from collections.abc import Iterable

import pytest

from meshd.model.resource import CLUSTER, ENDPOINT, LISTENER, ROUTE, SECRET, VIRTUAL_HOST, Resource
from meshd.model.service import Proxy, Workload
from meshd.networking.engine import Lease
from meshd.networking.scopes import proxy_scope
from meshd.xds.stream import ProtocolViolation, Stream
from meshd.xds.subscription import Refusal
from meshd.xds.view import View
from meshd.xds.warming import PATIENCE_SECONDS
from meshd.xds.wire import Request, Response

NODE = "sidecar~10.0.0.1~cart-1.shop~shop.svc.cluster.local"
POD = Workload("shop", "cart-1", "u1", "10.0.0.1", (), "cart", "cart", True)


class FakeProxy:
    """Plays Envoy and the publisher against a stream: `put`/`drop` change the mesh, `read` takes
    responses.
    """

    def __init__(self, **collections: Iterable[str]) -> None:
        kinds = {"cds": CLUSTER, "eds": ENDPOINT, "lds": LISTENER, "rds": ROUTE, "vhds": VIRTUAL_HOST}
        self.now = 0.0
        self.collections: dict[str, dict[str, Resource]] = {type_url: {} for type_url in kinds.values()}
        self.collections[SECRET] = {}
        for kind, names in collections.items():
            self.collections[kinds[kind]] = {name: Resource(name, "1", b"-") for name in names}
        lease = Lease(
            proxy_scope(Proxy(NODE, "sidecar", POD)), {type_url: (type_url,) for type_url in self.collections}
        )
        view = View(
            lease,
            {type_url: (collection,) for type_url, collection in self.collections.items()},
        )
        self.stream = Stream(Proxy(NODE, "sidecar", POD), view, clock=lambda: self.now)
        self.now = PATIENCE_SECONDS

    def put(self, type_url: str, *names: str, version: str) -> None:
        collection = self.collections[type_url]
        marks = [(name, name not in collection) for name in names]
        collection.update((name, Resource(name, version, b"-")) for name in names)
        self.stream.changed(type_url, marks)

    def drop(self, type_url: str, *names: str) -> None:
        for name in names:
            del self.collections[type_url][name]
        self.stream.changed(type_url, [(name, False) for name in names])

    def subscribe(self, type_url: str, *names: str, known: dict[str, str] | None = None) -> None:
        self.stream.receive(Request(type_url, NODE, subscribe=names, known=known or {}))

    def unsubscribe(self, type_url: str, *names: str) -> None:
        self.stream.receive(Request(type_url, unsubscribe=names))

    def read(self) -> Response | None:
        return self.stream.next()

    def must_read(self) -> Response:
        response = self.stream.next()
        assert response is not None
        return response

    def ack(self, response: Response) -> None:
        self.stream.receive(Request(response.type_url, nonce=response.nonce))

    def nack(self, response: Response, detail: str = "bad") -> Refusal | None:
        return self.stream.receive(Request(response.type_url, nonce=response.nonce, error=detail))

    def read_all(self, refuse: Iterable[str] = ()) -> list[tuple[str, ...]]:
        """Take everything, refusing each response that holds one of `refuse`; the names of each response."""
        seen: list[tuple[str, ...]] = []
        for _ in range(200):
            response = self.stream.next()
            if response is None:
                return seen
            seen.append((*names(response), *(f"-{name}" for name in response.removed)))
            if set(refuse) & set(names(response)):
                self.nack(response)
            else:
                self.ack(response)
        pytest.fail("the stream never comes to rest")


def names(response: Response) -> tuple[str, ...]:
    return tuple(resource.name for resource in response.resources)


def test_wildcard_sends_everything_once() -> None:
    proxy = FakeProxy(cds=["a", "b"])
    proxy.subscribe(CLUSTER)
    response = proxy.must_read()
    assert (response.type_url, names(response), response.removed) == (CLUSTER, ("a", "b"), ())
    proxy.ack(response)
    assert proxy.read() is None


def test_wildcard_of_nothing_is_answered_empty_so_that_the_proxy_starts() -> None:
    proxy = FakeProxy()
    proxy.subscribe(LISTENER)
    assert proxy.read_all() == [()]


def test_named_subscription_gets_what_exists_and_hears_what_does_not() -> None:
    proxy = FakeProxy(eds=["a", "b"])
    proxy.subscribe(ENDPOINT, "a", "gone")
    response = proxy.must_read()
    assert (names(response), response.removed) == (("a",), ("gone",))
    proxy.put(ENDPOINT, "gone", version="1")
    proxy.put(ENDPOINT, "b", version="2")
    assert proxy.read_all() == [("gone",)]


def test_an_empty_first_request_for_endpoints_is_no_wildcard() -> None:
    proxy = FakeProxy(eds=["a"])
    proxy.subscribe(ENDPOINT)
    assert proxy.read() is None


def test_wildcard_and_names_mix() -> None:
    proxy = FakeProxy(cds=["a"])
    proxy.subscribe(CLUSTER, "*", "absent")
    response = proxy.must_read()
    assert (names(response), response.removed) == (("a",), ("absent",))
    proxy.ack(response)
    proxy.unsubscribe(CLUSTER, "*")
    proxy.put(CLUSTER, "b", version="1")
    proxy.put(CLUSTER, "absent", version="1")
    assert proxy.read_all() == [("absent",)]


def test_a_change_sends_only_what_changed() -> None:
    proxy = FakeProxy(eds=["a", "b"])
    proxy.subscribe(ENDPOINT, "a", "b")
    proxy.read_all()
    proxy.put(ENDPOINT, "b", version="2")
    assert proxy.read_all() == [("b",)]


def test_changes_while_the_proxy_does_not_read_collapse_into_the_newest() -> None:
    proxy = FakeProxy(eds=["a"])
    proxy.subscribe(ENDPOINT, "a")
    proxy.read_all()
    for version in "2345":
        proxy.put(ENDPOINT, "a", version=version)
    assert proxy.must_read().resources[0].version == "5"
    assert proxy.read() is None


def test_unsubscribed_names_are_not_sent_and_a_new_subscription_sends_again() -> None:
    proxy = FakeProxy(eds=["a"])
    proxy.subscribe(ENDPOINT, "a")
    proxy.read_all()
    proxy.unsubscribe(ENDPOINT, "a")
    proxy.put(ENDPOINT, "a", version="2")
    assert proxy.read() is None
    proxy.subscribe(ENDPOINT, "a")
    assert proxy.read_all() == [("a",)]
    proxy.subscribe(ENDPOINT, "a")
    assert proxy.read_all() == [("a",)]


def test_a_stale_nonce_counts_for_nothing() -> None:
    proxy = FakeProxy(cds=["a"])
    proxy.subscribe(CLUSTER)
    response = proxy.must_read()
    proxy.ack(response)
    assert proxy.nack(response) is None
    proxy.stream.receive(Request(CLUSTER, nonce="never sent"))
    clusters = proxy.stream.subscriptions[CLUSTER]
    assert (clusters.sent, clusters.acked, clusters.nacked) == (1, 1, 0)


def test_reconnect_sends_only_differences() -> None:
    proxy = FakeProxy(cds=["same", "other", "new"], lds=["l"])
    proxy.subscribe(CLUSTER, known={"same": "1", "other": "0", "gone": "1"})
    proxy.subscribe(LISTENER, known={"l": "1"})
    assert proxy.read_all() == [("other", "new"), (), ("-gone",)]


def test_removals_wait_until_listeners_and_routes_are_accepted() -> None:
    proxy = FakeProxy(cds=["old", "new"], eds=["new", "old"], lds=["l"], rds=["80"], vhds=["80/a"])
    proxy.subscribe(CLUSTER)
    proxy.subscribe(ENDPOINT, "old", "new")
    proxy.subscribe(LISTENER)
    proxy.subscribe(ROUTE, "80")
    proxy.subscribe(VIRTUAL_HOST)
    proxy.read_all()
    proxy.drop(CLUSTER, "old")
    proxy.drop(ENDPOINT, "old")
    proxy.put(VIRTUAL_HOST, "80/a", version="2")
    routes = proxy.must_read()
    assert names(routes) == ("80/a",)
    assert proxy.read() is None, "the proxy may still use the route that names the cluster"
    proxy.ack(routes)
    assert proxy.read_all() == [("-old",), ("-old",)]


def test_a_refused_route_keeps_the_cluster_it_may_name() -> None:
    proxy = FakeProxy(cds=["old"], lds=["l"], rds=["80"])
    proxy.subscribe(CLUSTER)
    proxy.subscribe(LISTENER)
    proxy.subscribe(ROUTE, "80")
    proxy.read_all()
    proxy.put(ROUTE, "80", version="bad")
    proxy.drop(CLUSTER, "old")
    assert proxy.read_all(refuse=["80"]) == [("80",)]
    proxy.put(ROUTE, "80", version="good")
    assert proxy.read_all() == [("80",), ("-old",)]


def test_a_cluster_that_comes_back_before_its_removal_was_sent_stays() -> None:
    proxy = FakeProxy(cds=["a"], lds=["l"])
    proxy.subscribe(CLUSTER)
    proxy.subscribe(LISTENER)
    proxy.read_all()
    proxy.put(LISTENER, "l", version="2")
    proxy.drop(CLUSTER, "a")
    listener = proxy.must_read()
    proxy.put(CLUSTER, "a", version="2")
    proxy.ack(listener)
    assert proxy.read_all() == [("a",)]


def test_what_came_and_went_unsent_is_not_mentioned() -> None:
    proxy = FakeProxy(lds=["l"])
    proxy.subscribe(LISTENER)
    proxy.read_all()
    proxy.put(LISTENER, "brief", version="1")
    proxy.drop(LISTENER, "brief")
    assert proxy.read() is None


def test_routes_wait_until_the_endpoints_of_new_clusters_are_accepted() -> None:
    proxy = FakeProxy(lds=["l"], rds=["80"])
    proxy.subscribe(CLUSTER)
    proxy.subscribe(LISTENER)
    proxy.subscribe(ROUTE, "80")
    proxy.read_all()
    proxy.put(ENDPOINT, "new", version="1")
    proxy.put(CLUSTER, "new", version="1")
    proxy.put(ROUTE, "80", version="2")
    clusters = proxy.must_read()
    assert names(clusters) == ("new",)
    assert proxy.read() is None
    proxy.ack(clusters)
    assert proxy.read() is None
    proxy.subscribe(ENDPOINT, "new")
    endpoints = proxy.must_read()
    assert (endpoints.type_url, names(endpoints)) == (ENDPOINT, ("new",))
    assert proxy.read() is None
    proxy.ack(endpoints)
    assert proxy.read_all() == [("80",)]


def test_a_proxy_that_never_asks_for_endpoints_gets_its_routes_in_the_end() -> None:
    proxy = FakeProxy(cds=["new"], eds=["new"], lds=["l"])
    proxy.subscribe(CLUSTER)
    proxy.subscribe(LISTENER)
    proxy.ack(proxy.must_read())
    assert proxy.read() is None
    assert proxy.stream.patience() == PATIENCE_SECONDS
    proxy.now += PATIENCE_SECONDS
    assert names(proxy.must_read()) == ("l",)
    assert proxy.stream.patience() is None


def test_routes_wait_until_the_proxy_has_asked_for_clusters() -> None:
    """Envoy does not ask while a cluster waits for its endpoints: these are sent again though it holds
    them.
    """
    proxy = FakeProxy(cds=["a", "new"], eds=["a", "new"], lds=["l"])
    proxy.now = 0.0
    proxy.subscribe(ENDPOINT, "a", known={"a": "1"})
    proxy.subscribe(LISTENER, known={"l": "0"})
    assert proxy.read_all() == [("a",)]
    assert proxy.stream.patience() == PATIENCE_SECONDS
    proxy.subscribe(CLUSTER, known={"a": "1"})
    assert proxy.read_all() == [("new",)]
    proxy.subscribe(ENDPOINT, "new")
    assert proxy.read_all() == [("new",), ("l",)]


def test_a_cluster_that_stays_cold_holds_up_routes_once_only() -> None:
    proxy = FakeProxy(cds=["cold"], eds=["cold"], lds=["l"])
    proxy.subscribe(CLUSTER)
    proxy.subscribe(LISTENER)
    proxy.ack(proxy.must_read())
    proxy.now += PATIENCE_SECONDS - 1
    proxy.put(CLUSTER, "late", version="1")
    proxy.ack(proxy.must_read())
    proxy.now += 1
    assert names(proxy.must_read()) == ("l",)


def test_a_new_cluster_that_is_refused_does_not_hold_up_routes() -> None:
    proxy = FakeProxy(cds=["bad"], eds=["bad"], lds=["l"])
    proxy.subscribe(CLUSTER)
    proxy.subscribe(LISTENER)
    assert proxy.read_all(refuse=["bad"]) == [("bad",), ("l",)]


def test_an_updated_cluster_gets_its_endpoints_again() -> None:
    proxy = FakeProxy(cds=["a", "b"], eds=["a", "b"])
    proxy.subscribe(CLUSTER)
    proxy.subscribe(ENDPOINT, "a", "b")
    proxy.read_all()
    proxy.put(CLUSTER, "a", version="2")
    first, second = proxy.must_read(), proxy.must_read()
    assert (first.type_url, names(first)) == (CLUSTER, ("a",))
    assert (second.type_url, names(second)) == (ENDPOINT, ("a",))


def test_a_cluster_updated_while_away_gets_its_endpoints_again_on_reconnect() -> None:
    proxy = FakeProxy(cds=["a", "b"], eds=["a", "b"])
    proxy.subscribe(CLUSTER, known={"a": "0", "b": "1"})
    assert proxy.read_all() == [("a",)]
    proxy.subscribe(ENDPOINT, "a", "b", known={"a": "1", "b": "1"})
    assert proxy.read_all() == [("a",)]


def test_virtual_hosts_come_unasked_for_the_routes_that_are_subscribed() -> None:
    proxy = FakeProxy(rds=["80", "90"], vhds=["80/a", "80/b", "90/a"])
    proxy.subscribe(ROUTE, "80")
    assert proxy.read_all() == [("80",)]
    proxy.subscribe(VIRTUAL_HOST)
    assert proxy.read_all() == [("80/a", "80/b")]
    proxy.put(VIRTUAL_HOST, "90/a", version="2")
    proxy.put(VIRTUAL_HOST, "80/c", version="1")
    assert proxy.read_all() == [("80/c",)]
    proxy.drop(VIRTUAL_HOST, "80/a")
    assert proxy.read_all() == [("-80/a",)]


def test_a_second_route_configuration_brings_its_virtual_hosts_after_it() -> None:
    proxy = FakeProxy(rds=["80", "90", "empty"], vhds=["80/a", "90/a"])
    proxy.subscribe(ROUTE, "80")
    proxy.subscribe(VIRTUAL_HOST)
    proxy.read_all()
    proxy.subscribe(ROUTE, "90")
    assert proxy.read_all() == [("90",), ("90/a",)]
    proxy.subscribe(ROUTE, "empty")
    assert proxy.read_all() == [("empty",), ("-empty/none",)]


def test_a_route_configuration_given_up_and_asked_for_again_needs_its_virtual_hosts_again() -> None:
    proxy = FakeProxy(rds=["80"], vhds=["80/a"])
    proxy.subscribe(ROUTE, "80")
    proxy.subscribe(VIRTUAL_HOST)
    proxy.read_all()
    proxy.unsubscribe(ROUTE, "80")
    proxy.put(VIRTUAL_HOST, "80/a", version="2")
    assert proxy.read() is None
    proxy.subscribe(ROUTE, "80")
    assert proxy.read_all() == [("80",), ("80/a",)]


@pytest.mark.parametrize("routes_first", [True, False])
def test_reconnect_compares_virtual_hosts_in_either_order(routes_first: bool) -> None:
    proxy = FakeProxy(rds=["80", "90"], vhds=["80/same", "80/other", "90/a"])

    def routes() -> None:
        proxy.subscribe(ROUTE, "80", "90", known={"80": "1"})

    def virtual_hosts() -> None:
        held = {"80/same": "1", "80/other": "0", "80/gone": "1", "90/a": "1", "100/x": "1"}
        proxy.subscribe(VIRTUAL_HOST, known=held)

    for step in (routes, virtual_hosts) if routes_first else (virtual_hosts, routes):
        step()
    assert proxy.read_all() == [("90",), ("80/other", "90/a", "-80/gone")]


def test_the_bad_resource_is_found_and_the_good_ones_are_taken() -> None:
    proxy = FakeProxy(rds=["80"], vhds=[f"80/{i}" for i in range(100)])
    proxy.subscribe(ROUTE, "80")
    proxy.subscribe(VIRTUAL_HOST)
    responses = proxy.read_all(refuse=["80/42", "80/43"])
    virtual_hosts = proxy.stream.subscriptions[VIRTUAL_HOST]
    assert set(virtual_hosts.refused) == {"80/42", "80/43"}
    assert len(responses) < 40
    taken = {name for response in responses for name in response if not {"80/42", "80/43"} & set(response)}
    assert len(taken) == 100 - 2 + 1
    proxy.put(VIRTUAL_HOST, "80/1", version="2")
    assert proxy.read_all() == [("80/1",)], "what was refused is not sent again"
    proxy.put(VIRTUAL_HOST, "80/42", version="2")
    assert proxy.read_all() == [("80/42",)]
    assert set(virtual_hosts.refused) == {"80/43"}
    assert virtual_hosts.error


def test_a_nack_names_the_resource_once_it_is_alone() -> None:
    proxy = FakeProxy(cds=["bad", "good"])
    proxy.subscribe(CLUSTER)
    refusal = proxy.nack(proxy.must_read(), "who knows")
    assert refusal == Refusal(CLUSTER, ("bad", "good"), "who knows", None)
    refusal = proxy.nack(proxy.must_read(), "missing field")
    assert refusal == Refusal(CLUSTER, ("bad",), "missing field", "bad")


def test_a_good_resource_refused_because_of_another_is_tried_again() -> None:
    """`new` takes over a domain of `old`: alone it clashes until the changed `old` was taken."""
    proxy = FakeProxy(lds=["new", "old", "broken"])
    proxy.subscribe(LISTENER)
    taken: set[str] = set()
    for _ in range(20):
        response = proxy.read()
        if response is None:
            break
        batch = set(names(response))
        if "broken" in batch or ("new" in batch and "old" not in batch | taken):
            proxy.nack(response)
        else:
            taken |= batch
            proxy.ack(response)
    assert taken == {"new", "old"}
    assert set(proxy.stream.subscriptions[LISTENER].refused) == {"broken"}


def test_a_change_during_the_search_is_not_lost() -> None:
    proxy = FakeProxy(cds=["a", "b"])
    proxy.subscribe(CLUSTER)
    first = proxy.must_read()
    proxy.put(CLUSTER, "a", version="2")
    proxy.nack(first)
    sent = proxy.read_all(refuse=["b"])
    assert sent == [("b",), ("a",)], "b is tried alone before it is blamed"


def test_secrets_of_the_pod_itself_are_sent() -> None:
    proxy = FakeProxy()
    proxy.stream.view.own["default"] = Resource("default", "1", b"key")
    proxy.subscribe(SECRET, "default", "kubernetes://none")
    assert proxy.read_all() == [("default", "-kubernetes://none")]
    proxy.stream.view.own["default"] = Resource("default", "2", b"key 2")
    proxy.stream.changed(SECRET, [("default", False)])
    assert proxy.read_all() == [("default",)]


def test_a_stream_may_not_change_its_node() -> None:
    proxy = FakeProxy()
    with pytest.raises(ProtocolViolation, match="cart-1"):
        proxy.stream.receive(Request(CLUSTER, "sidecar~10.0.0.2~cart-2.shop~x"))


def test_types_the_mesh_does_not_have_are_ignored() -> None:
    proxy = FakeProxy()
    proxy.subscribe("type.googleapis.com/envoy.service.runtime.v3.Runtime", "x")
    assert proxy.read() is None


def test_large_answers_come_in_several_responses() -> None:
    proxy = FakeProxy()
    big = bytes(1024 * 1024)
    proxy.collections[CLUSTER].update((f"c{i}", Resource(f"c{i}", "1", big)) for i in range(7))
    proxy.subscribe(CLUSTER)
    assert [len(batch) for batch in proxy.read_all()] == [3, 3, 1]


def test_a_cluster_whose_new_version_was_refused_on_reconnect_can_still_be_removed() -> None:
    proxy = FakeProxy(cds=["a"])
    proxy.put(CLUSTER, "a", version="2")
    proxy.subscribe(CLUSTER, known={"a": "1"})
    proxy.subscribe(LISTENER)
    proxy.read_all(refuse=["a"])
    proxy.drop(CLUSTER, "a")
    assert ("-a",) in proxy.read_all()
