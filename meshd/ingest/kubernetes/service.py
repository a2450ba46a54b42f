"""Service → the model's Service, or an Alias for one of type ExternalName."""

from __future__ import annotations

from functools import partial

import msgspec

from meshd.ingest.kind import Rows, WatchedKind
from meshd.ingest.kubernetes.metadata import ObjectMeta
from meshd.ingest.kubernetes.protocol import protocol_of
from meshd.model.labels import labels_of
from meshd.model.service import Alias, Service, ServicePort
from meshd.model.tables import ALIASES, SERVICES

EXPORT_TO = "networking.istio.io/exportTo"
HEADLESS = "None"


class _Port(msgspec.Struct, frozen=True, rename="camel"):
    port: int
    name: str | None = None
    protocol: str = "TCP"
    app_protocol: str | None = None
    target_port: int | str | None = None


class _Spec(msgspec.Struct, frozen=True, rename="camel"):
    type: str = "ClusterIP"
    ports: list[_Port] | None = None
    selector: dict[str, str] | None = None
    cluster_ip: str = msgspec.field(default="", name="clusterIP")
    external_name: str = ""
    cluster_ips: list[str] = msgspec.field(default_factory=list, name="clusterIPs")


class _Service(msgspec.Struct, frozen=True):
    metadata: ObjectMeta
    spec: _Spec


_DECODER = msgspec.json.Decoder(_Service)


def watched(cluster_domain: str) -> WatchedKind:
    return WatchedKind("Service", "/api/v1/services", partial(rows, cluster_domain))


def rows(cluster_domain: str, raw: bytes) -> Rows:
    """One row. An ExternalName service has no address of its own: DNS leads its clients to what it names."""
    service = _DECODER.decode(raw)
    metadata, spec = service.metadata, service.spec
    export_to = _export_to(metadata.annotations.get(EXPORT_TO, ""))
    name = hostname(metadata.namespace, metadata.name, cluster_domain)
    if spec.type == "ExternalName":
        target = spec.external_name.lower().removesuffix(".")
        return ((ALIASES, metadata.key, Alias(metadata.namespace, metadata.name, name, target, export_to)),)
    row = Service(
        namespace=metadata.namespace,
        name=metadata.name,
        hostname=name,
        ports=tuple(_port(port) for port in spec.ports or ()),
        selector=labels_of(spec.selector),
        addresses=_addresses(spec),
        headless=spec.cluster_ip == HEADLESS,
        export_to=export_to,
    )
    return ((SERVICES, metadata.key, row),)


def hostname(namespace: str, name: str, cluster_domain: str) -> str:
    """A service's fully qualified DNS name."""
    return f"{name}.{namespace}.svc.{cluster_domain}"


def _port(port: _Port) -> ServicePort:
    return ServicePort(
        name=port.name or "",
        port=port.port,
        target_port=port.target_port or port.port,
        protocol=protocol_of(port.protocol, port.app_protocol, port.name, port.port),
    )


def _addresses(spec: _Spec) -> tuple[str, ...]:
    addresses = spec.cluster_ips or [spec.cluster_ip]
    return tuple(address for address in addresses if address and address != HEADLESS)


def _export_to(annotation: str) -> tuple[str, ...]:
    namespaces = tuple(part.strip() for part in annotation.split(",") if part.strip())
    return namespaces or ("*",)
