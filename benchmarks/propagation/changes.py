"""The changes whose way is measured: what is written, and by which bytes a proxy's message is known to be its result.

Every change carries a text that is in nothing else that is sent at that time.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from itertools import count

from benchmarks.propagation import objects
from benchmarks.propagation.kubernetes import Kubernetes
from benchmarks.propagation.objects import Object
from benchmarks.propagation.proxy import Mark
from benchmarks.propagation.resources import CLUSTER, ENDPOINT, ROUTE, VIRTUAL_HOST

ROUTES = frozenset({ROUTE, VIRTUAL_HOST})
"""A route comes as a VirtualHost from one control plane, in a RouteConfiguration from another."""

VIRTUAL_SERVICE, ENDPOINTS, SERVICE = "virtual service", "endpoint", "new service"
KINDS = (VIRTUAL_SERVICE, ENDPOINTS, SERVICE)


@dataclass(frozen=True)
class Change:
    """`write` makes it and tells when it was sent; a proxy has received it when all of `marks` have come."""

    marks: tuple[Mark, ...]
    write: Callable[[], Awaitable[float]]


class Changes:
    """An endless supply for a mesh of `services` services; they take turns in being changed."""

    def __init__(self, kubernetes: Kubernetes, services: int) -> None:
        self._kubernetes = kubernetes
        self._services = services
        self._numbers = count()
        self._turns: Counter[int] = Counter()
        self._new: list[Object] = []

    def next(self, kind: str) -> Change:
        make = {VIRTUAL_SERVICE: self._virtual_service, ENDPOINTS: self._endpoint, SERVICE: self._service}
        return make[kind](next(self._numbers))

    async def undo(self) -> None:
        """Delete the services that were added."""
        await self._kubernetes.all(self._kubernetes.delete, self._new)
        self._new.clear()

    def _virtual_service(self, number: int) -> Change:
        target = number % self._services
        mark = f"mark-{number:06d}"
        patch = {"spec": objects.virtual_service_spec(target, mark)}
        item = objects.virtual_service(target)
        return Change((Mark(ROUTES, mark.encode()),), lambda: self._kubernetes.patch(item, patch))

    def _endpoint(self, number: int) -> Change:
        """One pod takes the place of another; the rest stays as it is.

        A pod comes back after a few hundred changes, and no other resource that names it is sent meanwhile.
        """
        target = number % self._services
        spare = objects.spare_for(target, self._turns[target])
        self._turns[target] += 1
        address = objects.spare_address(spare)
        kept = objects.pod_endpoints(target, self._services, self._services * objects.PODS_PER_SERVICE)[:1]
        item = objects.endpoint_slice(target, [])
        patch = {"endpoints": [*kept, objects.pod_endpoint(objects.spare_pod(spare), address)]}
        return Change((Mark(frozenset({ENDPOINT}), address.encode()),), lambda: self._kubernetes.patch(item, patch))

    def _service(self, number: int) -> Change:
        """A Service, then its EndpointSlice, as Kubernetes' own controller would add it."""
        new = self._services + number
        host, address = objects.host_of(new).encode(), objects.spare_address(objects.SPARE_PODS + number)
        service, endpoints = objects.service(new), objects.endpoint_slice(new, [objects.plain_endpoint(address)])
        self._new += (service, endpoints)

        async def write() -> float:
            sent = await self._kubernetes.create(service)
            await self._kubernetes.create(endpoints)
            return sent

        marks = (
            Mark(frozenset({CLUSTER}), host),
            Mark(frozenset({ENDPOINT}), address.encode()),
            Mark(ROUTES, host),
        )
        return Change(marks, write)
