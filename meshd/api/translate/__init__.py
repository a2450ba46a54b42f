"""Istio's objects into rows of the model, where hosts are fully qualified and durations are seconds."""

from collections.abc import Callable, Iterator
from typing import Any

from meshd.api.istio.message import Message
from meshd.api.object import IstioObject
from meshd.api.translate.authorization_policy import translate_authorization_policy
from meshd.api.translate.destination_rule import translate_destination_rule
from meshd.api.translate.gateway import translate_gateway
from meshd.api.translate.names import ref_of
from meshd.api.translate.peer_authentication import translate_peer_authentication
from meshd.api.translate.proxy_config import translate_proxy_config
from meshd.api.translate.request_authentication import translate_request_authentication
from meshd.api.translate.service_entry import translate_service_entry
from meshd.api.translate.sidecar import translate_sidecar
from meshd.api.translate.telemetry import translate_telemetry
from meshd.api.translate.virtual_service import translate_virtual_service
from meshd.api.translate.workload_entry import translate_workload_entry
from meshd.model.mesh import MeshConfig
from meshd.model.service import Service
from meshd.model.tables import (
    AUTHORIZATIONS,
    DESTINATIONS,
    ENDPOINT_SLICES,
    GATEWAYS,
    PEER_AUTHENTICATIONS,
    PROXY_CONFIGS,
    REQUEST_AUTHENTICATIONS,
    ROUTE_RULES,
    SERVICES,
    SIDECARS,
    TELEMETRIES,
    WORKLOAD_ENTRIES,
    Change,
    Table,
)

_TRANSLATORS: dict[str, tuple[Table[Any], Callable[[Any, MeshConfig], object | None]]] = {
    "VirtualService": (ROUTE_RULES, translate_virtual_service),
    "DestinationRule": (DESTINATIONS, translate_destination_rule),
    "Gateway": (GATEWAYS, translate_gateway),
    "PeerAuthentication": (PEER_AUTHENTICATIONS, translate_peer_authentication),
    "RequestAuthentication": (REQUEST_AUTHENTICATIONS, translate_request_authentication),
    "Sidecar": (SIDECARS, translate_sidecar),
    "ProxyConfig": (PROXY_CONFIGS, translate_proxy_config),
    "Telemetry": (TELEMETRIES, translate_telemetry),
    "WorkloadEntry": (WORKLOAD_ENTRIES, translate_workload_entry),
    "AuthorizationPolicy": (AUTHORIZATIONS, translate_authorization_policy),
}


def translate(istio_object: IstioObject[Message], mesh: MeshConfig) -> tuple[Change, ...]:
    """The model's rows for one object; none for a kind or action the model does not know yet."""
    if istio_object.kind == "ServiceEntry":
        return tuple(_rows_of_service_entry(istio_object, mesh))
    found = _TRANSLATORS.get(istio_object.kind)
    if found is None:
        return ()
    table, translator = found
    row = translator(istio_object, mesh)
    return () if row is None else ((table, ref_of(istio_object).key, row),)


def _rows_of_service_entry(istio_object: IstioObject[Any], mesh: MeshConfig) -> Iterator[Change]:
    """Rows of more than one kind, each with a key of its own."""
    for row in translate_service_entry(istio_object, mesh):
        yield (SERVICES if isinstance(row, Service) else ENDPOINT_SLICES), row.key, row
