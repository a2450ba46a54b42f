"""Changes reach the streams that see them, and no other."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from meshd.model.labels import label
from meshd.model.memo import Reader
from meshd.model.resource import CLUSTER, LISTENER, SECRET, Resource, Scope
from meshd.model.service import Proxy, Workload
from meshd.model.store import Store
from meshd.model.tables import WORKLOADS, Table
from meshd.networking.engine import Engine, Generator
from meshd.pki.authority import CertificateAuthority, create_root
from meshd.pki.workload import WorkloadCertificates
from meshd.xds.publisher import Publisher
from meshd.xds.stream import Stream
from meshd.xds.wire import Request

CART = Workload("shop", "cart-1", "u1", "10.0.0.1", (("app", "cart"),), "cart", "cart", True)
BANK = Workload("bank", "till-1", "u2", "10.0.0.2", (("app", "till"),), "till", "till", True)

MADE: Table[Resource] = Table("made", {"scope": lambda r: (r.name.partition("/")[0],)})
"""Resources named "<scope>/<name>"."""


def items(read: Reader, scope: Scope) -> tuple[str, ...]:
    return tuple(resource.name for resource in read.find(MADE, "scope", scope))


def build(read: Reader, scope: Scope, item: Any) -> Resource | None:
    return read.get(MADE, item)


class Clock:
    def __init__(self) -> None:
        self.now = datetime.now(UTC)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def publisher(clock: Clock) -> Publisher:
    generators = [
        Generator(CLUSTER, lambda read, proxy: (proxy.workload.namespace,), items, build),
        Generator(LISTENER, lambda read, proxy: (label(proxy.workload.labels, "app"),), items, build),
    ]
    authority = CertificateAuthority(*create_root("root", timedelta(days=9)))
    certificates = WorkloadCertificates(authority, "d", timedelta(hours=1), clock, lambda: 0.0)
    return Publisher(Engine(Store(), generators), certificates)


@pytest.fixture
def layered() -> Publisher:
    """Clusters of a proxy's own namespace go before those that all share."""
    generator = Generator(CLUSTER, lambda read, proxy: (proxy.workload.namespace, "all"), items, renamed)
    authority = CertificateAuthority(*create_root("root", timedelta(days=9)))
    return Publisher(Engine(Store(), [generator]), WorkloadCertificates(authority, "d", timedelta(hours=1)))


def renamed(read: Reader, scope: Scope, item: Any) -> Resource | None:
    """The resource without its scope in the name, so that layers may have the same names."""
    made = read.get(MADE, item)
    return made and replace(made, name=made.name.partition("/")[2])


def put(publisher: Publisher, *names: str, version: str = "1") -> None:
    publisher.apply([(MADE, name, Resource(name, version, b"-")) for name in names])


def connect(publisher: Publisher, workload: Workload) -> Stream:
    stream = publisher.connect(Proxy(f"sidecar~ip~{workload.name}.{workload.namespace}~d", "sidecar", workload))
    for type_url in (CLUSTER, LISTENER):
        stream.receive(Request(type_url))
    stream.receive(Request(SECRET, subscribe=("default", "ROOTCA")))
    drain(stream)
    return stream


def drain(stream: Stream) -> set[str]:
    """Names that the stream sends, all of them accepted; removed ones with a dash."""
    seen: set[str] = set()
    while (response := stream.next()) is not None:
        seen |= {resource.name for resource in response.resources}
        seen |= {f"-{name}" for name in response.removed}
        stream.receive(Request(response.type_url, nonce=response.nonce))
    return seen


def test_a_change_goes_to_the_streams_of_its_scope_only(publisher: Publisher) -> None:
    put(publisher, "shop/a", "bank/b")
    cart, till = connect(publisher, CART), connect(publisher, BANK)
    put(publisher, "shop/a", version="2")
    assert (drain(cart), drain(till)) == ({"shop/a"}, set())
    publisher.apply([(MADE, "bank/b", None)])
    assert (drain(cart), drain(till)) == (set(), {"-bank/b"})


def test_proxies_of_one_scope_share_one_collection(publisher: Publisher) -> None:
    put(publisher, "shop/a")
    first = connect(publisher, CART)
    second = connect(publisher, replace(CART, name="cart-2", uid="u9"))
    assert first.view.collections[CLUSTER][0] is second.view.collections[CLUSTER][0]


def test_nothing_is_kept_for_proxies_that_left(publisher: Publisher) -> None:
    put(publisher, "shop/a", "cart/l")
    first, second = connect(publisher, CART), connect(publisher, CART)
    publisher.disconnect(first)
    put(publisher, "shop/a", version="2")
    assert drain(second) == {"shop/a"}
    publisher.disconnect(second)
    assert publisher.streams == ()
    assert not publisher._audiences
    assert len(publisher.engine.memo) == 0
    assert len(publisher._certificates) == 0


def test_a_proxy_whose_pod_is_relabelled_gets_the_difference(publisher: Publisher) -> None:
    publisher.apply([(WORKLOADS, CART.key, CART)])
    put(publisher, "shop/a", "cart/old", "basket/new")
    stream = connect(publisher, CART)
    before = stream.view.own["default"]
    publisher.apply([(WORKLOADS, CART.key, replace(CART, labels=(("app", "basket"),)))])
    assert drain(stream) == {"basket/new", "-cart/old", "default"}
    assert stream.view.own["default"] != before
    put(publisher, "cart/old", version="2")
    assert drain(stream) == set()
    put(publisher, "basket/new", "shop/a", version="2")
    assert drain(stream) == {"basket/new", "shop/a"}
    publisher.disconnect(stream)
    assert not publisher._audiences


def test_a_pod_of_the_same_name_is_another_pod(publisher: Publisher) -> None:
    stream = connect(publisher, CART)
    publisher.apply([(WORKLOADS, CART.key, None)])
    publisher.apply([(WORKLOADS, CART.key, replace(CART, uid="u7", labels=(("app", "x"),)))])
    assert stream.proxy.workload is CART
    assert drain(stream) == set()


def test_each_stream_holds_the_certificate_of_its_own_pod(publisher: Publisher) -> None:
    cart, till = connect(publisher, CART), connect(publisher, BANK)
    assert cart.view.own["default"].entry != till.view.own["default"].entry
    assert cart.view.own["ROOTCA"] is till.view.own["ROOTCA"]


@pytest.mark.asyncio
async def test_renewed_certificates_are_pushed(publisher: Publisher, clock: Clock) -> None:
    stream = connect(publisher, CART)
    clock.now += timedelta(minutes=30)
    renewal = asyncio.create_task(publisher.renew_certificates(timedelta(milliseconds=10)))
    await asyncio.sleep(0.1)
    renewal.cancel()
    assert drain(stream) == {"default"}


@pytest.mark.asyncio
async def test_a_burst_is_one_round(publisher: Publisher) -> None:
    stream = connect(publisher, CART)
    rounds = asyncio.create_task(publisher.run())
    for number in range(10):
        publisher.submit([(MADE, f"shop/{number}", Resource(f"shop/{number}", "1", b"-"))])
    await asyncio.sleep(0)
    await publisher.caught_up()
    await asyncio.sleep(0)
    response = stream.next()
    assert response is not None
    assert len(response.resources) == 10
    rounds.cancel()


@pytest.mark.asyncio
async def test_a_workload_is_waited_for_by_its_uid(publisher: Publisher) -> None:
    assert await publisher.arrivals.workload(CART.key, "u1", 0.0) is None
    waiting = asyncio.create_task(publisher.arrivals.workload(CART.key, "u1", 5.0))
    await asyncio.sleep(0)
    publisher.apply([(WORKLOADS, CART.key, replace(CART, uid="u0"))])
    await asyncio.sleep(0)
    assert not waiting.done()
    publisher.apply([(WORKLOADS, CART.key, CART)])
    assert await waiting is CART
    assert await publisher.arrivals.workload(CART.key, "u2", 0.01) is None


def sent_clusters(stream: Stream) -> dict[str, tuple[str, bool]]:
    """{name: (version, whether the stream takes it as new to the proxy)} of all that is due."""
    sent = {}
    while response := stream.next():
        flight = stream.subscriptions[response.type_url].in_flight[response.nonce]
        if response.type_url == CLUSTER:
            sent.update({name: (each.version or "gone", each.new) for name, each in flight.items()})
        stream.receive(Request(response.type_url, nonce=response.nonce))
    return sent


def test_a_namespaces_own_goes_before_what_all_share(layered: Publisher) -> None:
    put(layered, "all/a", "all/b", version="1")
    shop, bank = (connect_to_clusters(layered, workload) for workload in (CART, BANK))
    put(layered, "shop/a", version="own")
    assert (sent_clusters(shop), sent_clusters(bank)) == ({"a": ("own", False)}, {})
    put(layered, "all/a", version="2")
    assert (sent_clusters(shop), sent_clusters(bank)) == ({}, {"a": ("2", False)})
    layered.apply([(MADE, "shop/a", None)])
    assert (sent_clusters(shop), sent_clusters(bank)) == ({"a": ("2", False)}, {})
    put(layered, "shop/c", version="own")
    assert (sent_clusters(shop), sent_clusters(bank)) == ({"c": ("own", True)}, {})
    layered.apply([(MADE, "shop/c", None)])
    assert sent_clusters(shop) == {"c": ("gone", False)}


def test_a_proxy_that_connects_is_sent_each_name_once(layered: Publisher) -> None:
    put(layered, "all/a", "all/b", version="1")
    put(layered, "shop/a", version="own")
    stream = layered.connect(Proxy("sidecar~ip~cart-1.shop~d", "sidecar", CART))
    stream.receive(Request(CLUSTER))
    assert sent_clusters(stream) == {"a": ("own", True), "b": ("1", True)}


def connect_to_clusters(publisher: Publisher, workload: Workload) -> Stream:
    stream = publisher.connect(Proxy(f"sidecar~ip~{workload.name}.{workload.namespace}~d", "sidecar", workload))
    stream.receive(Request(CLUSTER))
    sent_clusters(stream)
    return stream
