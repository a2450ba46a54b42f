"""Whether an object that has the API's shape also makes sense: what is refused, and what is only warned of.

Everything here is judged by the object alone. Whether the hosts and subsets it names exist is for those who
know the whole mesh.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from msgspec import Struct

from meshd.api.istio.message import Message
from meshd.api.object import IstioObject
from meshd.api.problem import Problem
from meshd.api.support import unsupported

from .authorization_policy import check_authorization_policy, warn_authorization_policy
from .destination_rule import check_destination_rule, warn_destination_rule
from .gateway import check_gateway, warn_gateway
from .peer_authentication import check_peer_authentication, warn_peer_authentication
from .proxy_config import check_proxy_config, warn_proxy_config
from .request_authentication import check_request_authentication, warn_request_authentication
from .service_entry import check_service_entry, warn_service_entry
from .sidecar import check_sidecar, warn_sidecar
from .structure import check_structure
from .telemetry import check_telemetry, warn_telemetry
from .virtual_service import check_virtual_service, warn_virtual_service
from .workload_entry import check_workload_entry, warn_workload_entry

Check = Callable[[Any], Iterator[Problem]]

_CHECKS: dict[str, tuple[Check, Check]] = {
    "AuthorizationPolicy": (check_authorization_policy, warn_authorization_policy),
    "DestinationRule": (check_destination_rule, warn_destination_rule),
    "Gateway": (check_gateway, warn_gateway),
    "PeerAuthentication": (check_peer_authentication, warn_peer_authentication),
    "RequestAuthentication": (check_request_authentication, warn_request_authentication),
    "ProxyConfig": (check_proxy_config, warn_proxy_config),
    "ServiceEntry": (check_service_entry, warn_service_entry),
    "Sidecar": (check_sidecar, warn_sidecar),
    "Telemetry": (check_telemetry, warn_telemetry),
    "VirtualService": (check_virtual_service, warn_virtual_service),
    "WorkloadEntry": (check_workload_entry, warn_workload_entry),
}


class Verdict(Struct, frozen=True, kw_only=True):
    """Errors refuse an object; warnings are shown to its author."""

    errors: tuple[Problem, ...] = ()
    warnings: tuple[Problem, ...] = ()


def validate(istio_object: IstioObject[Message]) -> Verdict:
    """Judge one object, by the rules Istio itself applies and by what this mesh supports."""
    warnings = [*unsupported(istio_object)]
    if istio_object.kind in _CHECKS:
        warnings += _CHECKS[istio_object.kind][1](istio_object)
    return Verdict(errors=errors_of(istio_object), warnings=tuple(warnings))


def errors_of(istio_object: IstioObject[Message]) -> tuple[Problem, ...]:
    """What an object is refused for: all that matters where no author is listening."""
    errors = [*check_structure(istio_object.spec)]
    if istio_object.kind in _CHECKS:
        errors += _CHECKS[istio_object.kind][0](istio_object)
    return tuple(errors)
