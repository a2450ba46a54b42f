"""Virtual hosts come with the route configurations they are part of."""

import pytest

from meshd.model.resource import ROUTE, VIRTUAL_HOST

from .fake_proxy import FakeProxy


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
