"""Envoy and the publisher, played against a stream without gRPC."""

from collections.abc import Iterable

import pytest

from meshd.model.resource import CLUSTER, ENDPOINT, LISTENER, ROUTE, SECRET, VIRTUAL_HOST, Resource
from meshd.model.service import Proxy, Workload
from meshd.networking.engine import Lease
from meshd.networking.scopes import proxy_scope
from meshd.xds.stream import Stream
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
