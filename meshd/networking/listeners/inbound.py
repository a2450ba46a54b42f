"""The inbound listeners of a sidecar: every connection to the pod, by port, in plaintext or mutual TLS.

One takes what the pod's iptables hand it. A port that a Sidecar says is not captured has one of its own.
"""

from collections.abc import Sequence
from typing import Any

from envoy.config.listener.v3 import listener_pb2
from envoy.extensions.filters.listener.original_dst.v3 import original_dst_pb2

from meshd.model.memo import Reader
from meshd.model.resource import Resource, Scope
from meshd.model.security import MtlsMode
from meshd.networking.authentication.rules import authentication_refs
from meshd.networking.authorization.filters import policies_for
from meshd.networking.inbound_ports import InboundPort, inbound_ports
from meshd.networking.listeners.detection import inspector_for
from meshd.networking.listeners.inbound_chains import inbound_chains
from meshd.networking.listeners.server_name import TLS_INSPECTOR
from meshd.networking.listeners.tcp import black_hole
from meshd.networking.listeners.telemetry.reporter import server_reporter
from meshd.networking.mtls import (
    mtls_mode,
    peer_authentications,
)
from meshd.networking.names import (
    INBOUND_PORT,
    OUTBOUND_PORT,
    VIRTUAL_INBOUND,
)
from meshd.networking.proto import duration, extension, resource, uint32
from meshd.networking.scopes import WorkloadScope

_ORIGINAL_DST = extension("envoy.filters.listener.original_dst", original_dst_pb2.OriginalDst())


def inbound_listeners(read: Reader, scope: Scope) -> tuple[int, ...]:
    """0 for the one that all ports share."""
    assert isinstance(scope, WorkloadScope)
    return (0, *(bound.number for bound in read.query(inbound_ports, scope) if bound.bind))


def build_inbound_listener(read: Reader, scope: Scope, item: object) -> Resource | None:
    assert isinstance(scope, WorkloadScope)
    bounds = read.query(inbound_ports, scope)
    if item == 0:
        default = InboundPort(0, read.query(mtls_mode, scope.namespace, scope.labels, 0))
        bounds = (*(bound for bound in bounds if not bound.bind), default)
        return _listener(read, scope, bounds, VIRTUAL_INBOUND, ("0.0.0.0", INBOUND_PORT))
    own = next((bound for bound in bounds if bound.bind and bound.number == item), None)
    if own is None:
        return None
    return _listener(read, scope, (own,), f"inbound_{own.bind}_{own.number}", (own.bind, own.number))


def _listener(
    read: Reader, scope: WorkloadScope, bounds: Sequence[InboundPort], name: str, address: tuple[str, int]
) -> Resource:
    captures = name == VIRTUAL_INBOUND
    chains = _closed_ports() if captures else []
    chains += [chain for bound in bounds for chain in inbound_chains(read, scope, bound)]
    inspectors = [_ORIGINAL_DST] if captures else []
    if any(bound.mode is not MtlsMode.DISABLE or bound.tls for bound in bounds):
        inspectors.append(TLS_INSPECTOR)
    read_in_plaintext = [b.number for b in bounds if b.is_detected and b.mode is not MtlsMode.STRICT]
    if read_in_plaintext:
        inspectors.append(inspector_for(read_in_plaintext))
    listener = listener_pb2.Listener(
        name=name,
        address=_address(*address),
        traffic_direction="INBOUND",
        listener_filters=inspectors,
        listener_filters_timeout=duration(5),
        continue_on_listener_filters_timeout=True,
        filter_chains=chains,
    )
    policies = read.query(policies_for, scope.namespace, scope.labels)
    peers = read.query(peer_authentications, scope.namespace, scope.labels)
    refs = [*(policy.ref for policy in policies), *(peer.ref for peer in peers)]
    refs += [*read.query(authentication_refs, scope), *server_reporter(read, scope, True).refs]
    return resource(name, listener, refs)


def _address(address: str, port: int) -> dict[str, Any]:
    """Every address is said in IPv6: with 0.0.0.0 are the outbound listeners, which Envoy takes for the same."""
    if port != INBOUND_PORT and address == "0.0.0.0":
        return {"socket_address": {"address": "::", "ipv4_compat": True, "port_value": port}}
    return {"socket_address": {"address": address, "port_value": port}}


def _closed_ports() -> list[dict[str, Any]]:
    """Who connects to the proxy's own ports gets nothing: passed through, it would come back here without end."""
    return [
        {
            "name": f"{port}_closed",
            "filter_chain_match": {"destination_port": uint32(port)},
            "filters": [black_hole()],
        }
        for port in (OUTBOUND_PORT, INBOUND_PORT)
    ]
