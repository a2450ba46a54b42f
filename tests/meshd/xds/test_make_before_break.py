"""The order in which a stream sends: nothing is named before it is there, nor goes while it is named."""

from meshd.model.resource import CLUSTER, ENDPOINT, LISTENER, ROUTE, VIRTUAL_HOST
from meshd.xds.warming import PATIENCE_SECONDS

from .fake_proxy import FakeProxy, names


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
