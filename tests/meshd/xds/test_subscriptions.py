"""What a stream sends for what is subscribed and for what changes."""

import pytest

from meshd.model.resource import CLUSTER, ENDPOINT, LISTENER, SECRET, Resource
from meshd.xds.stream import ProtocolViolation
from meshd.xds.wire import Request

from .fake_proxy import FakeProxy, names


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
