"""EndpointSlice → the ready endpoints of a service."""

from __future__ import annotations

from functools import partial

import msgspec

from meshd.ingest.kind import Rows, WatchedKind
from meshd.ingest.kubernetes.metadata import ObjectMeta
from meshd.ingest.kubernetes.service import hostname
from meshd.model.locality import Locality
from meshd.model.service import Endpoint, EndpointSlice
from meshd.model.tables import ENDPOINT_SLICES

SERVICE_NAME = "kubernetes.io/service-name"


class _Conditions(msgspec.Struct, frozen=True):
    ready: bool | None = None
    terminating: bool | None = None


class _TargetRef(msgspec.Struct, frozen=True):
    kind: str = ""
    name: str = ""
    namespace: str = ""


class _Endpoint(msgspec.Struct, frozen=True, rename="camel"):
    addresses: list[str] = []
    conditions: _Conditions = _Conditions()
    target_ref: _TargetRef = _TargetRef()
    zone: str | None = None


class _Port(msgspec.Struct, frozen=True):
    name: str | None = None
    port: int | None = None


class _EndpointSlice(msgspec.Struct, frozen=True, rename="camel"):
    metadata: ObjectMeta
    address_type: str = "IPv4"
    endpoints: list[_Endpoint] | None = None
    ports: list[_Port] | None = None


_DECODER = msgspec.json.Decoder(_EndpointSlice)


def watched(cluster_domain: str) -> WatchedKind:
    path = "/apis/discovery.k8s.io/v1/endpointslices"
    return WatchedKind("EndpointSlice", path, partial(rows, cluster_domain))


def rows(cluster_domain: str, raw: bytes) -> Rows:
    """One row, or none for a slice that belongs to no service or names hosts instead of addresses."""
    found = _DECODER.decode(raw)
    service = found.metadata.labels.get(SERVICE_NAME)
    if not service or found.address_type == "FQDN":
        return ()
    metadata = found.metadata
    row = EndpointSlice(
        namespace=metadata.namespace,
        name=metadata.name,
        hostname=hostname(metadata.namespace, service, cluster_domain),
        ports=tuple((port.name or "", port.port) for port in found.ports or () if port.port is not None),
        endpoints=tuple(_endpoint(each) for each in found.endpoints or () if _takes_traffic(each)),
    )
    return ((ENDPOINT_SLICES, metadata.key, row),)


def _takes_traffic(endpoint: _Endpoint) -> bool:
    """Not said is ready. One that is about to end gets no new requests even while it could serve them."""
    conditions = endpoint.conditions
    return bool(endpoint.addresses) and conditions.ready is not False and not conditions.terminating


def _endpoint(endpoint: _Endpoint) -> Endpoint:
    """The addresses of one endpoint are interchangeable; Kubernetes tells clients to use the first."""
    target = endpoint.target_ref
    return Endpoint(
        address=endpoint.addresses[0],
        workload=f"{target.namespace}/{target.name}" if target.kind == "Pod" else "",
        locality=Locality(zone=endpoint.zone or ""),
    )
