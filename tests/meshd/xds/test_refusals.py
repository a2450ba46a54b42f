"""What a stream does with what the proxy refuses."""

from meshd.model.resource import CLUSTER, LISTENER, ROUTE, VIRTUAL_HOST
from meshd.xds.subscription import Refusal

from .fake_proxy import FakeProxy, names


def test_the_bad_resource_is_found_and_the_good_ones_are_taken() -> None:
    proxy = FakeProxy(rds=["80"], vhds=[f"80/{i}" for i in range(100)])
    proxy.subscribe(ROUTE, "80")
    proxy.subscribe(VIRTUAL_HOST)
    responses = proxy.read_all(refuse=["80/42", "80/43"])
    virtual_hosts = proxy.stream.subscriptions[VIRTUAL_HOST]
    assert set(virtual_hosts.search.refused) == {"80/42", "80/43"}
    assert len(responses) < 40
    taken = {name for response in responses for name in response if not {"80/42", "80/43"} & set(response)}
    assert len(taken) == 100 - 2 + 1
    proxy.put(VIRTUAL_HOST, "80/1", version="2")
    assert proxy.read_all() == [("80/1",)], "what was refused is not sent again"
    proxy.put(VIRTUAL_HOST, "80/42", version="2")
    assert proxy.read_all() == [("80/42",)]
    assert set(virtual_hosts.search.refused) == {"80/43"}
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
    assert set(proxy.stream.subscriptions[LISTENER].search.refused) == {"broken"}


def test_a_change_during_the_search_is_not_lost() -> None:
    proxy = FakeProxy(cds=["a", "b"])
    proxy.subscribe(CLUSTER)
    first = proxy.must_read()
    proxy.put(CLUSTER, "a", version="2")
    proxy.nack(first)
    sent = proxy.read_all(refuse=["b"])
    assert sent == [("b",), ("a",)], "b is tried alone before it is blamed"


def test_a_cluster_whose_new_version_was_refused_on_reconnect_can_still_be_removed() -> None:
    proxy = FakeProxy(cds=["a"])
    proxy.put(CLUSTER, "a", version="2")
    proxy.subscribe(CLUSTER, known={"a": "1"})
    proxy.subscribe(LISTENER)
    proxy.read_all(refuse=["a"])
    proxy.drop(CLUSTER, "a")
    assert ("-a",) in proxy.read_all()
