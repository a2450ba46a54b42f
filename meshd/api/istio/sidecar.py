"""Sidecar: what a workload's proxy takes in and which services it knows."""

from __future__ import annotations

from typing import Literal

from .connection_pool import ConnectionPoolSettings
from .message import Message, UInt32
from .route_match import Destination
from .selector import SidecarWorkloadSelector
from .tls_settings import ServerTLSSettings

CaptureMode = Literal["DEFAULT", "IPTABLES", "NONE"]
OutboundMode = Literal["REGISTRY_ONLY", "ALLOW_ANY"]


class SidecarPort(Message, frozen=True, kw_only=True):
    """A port the proxy listens on."""

    number: UInt32 = 0
    protocol: str = ""
    name: str = ""
    target_port: UInt32 = 0


class IstioIngressListener(Message, frozen=True, kw_only=True):
    """How traffic for the workload is taken in and where it is handed over."""

    port: SidecarPort
    bind: str = ""
    capture_mode: CaptureMode = "DEFAULT"
    default_endpoint: str = ""
    tls: ServerTLSSettings | None = None
    connection_pool: ConnectionPoolSettings | None = None


class IstioEgressListener(Message, frozen=True, kw_only=True):
    """Services, as namespace/host, that the workload reaches."""

    port: SidecarPort | None = None
    bind: str = ""
    capture_mode: CaptureMode = "DEFAULT"
    hosts: tuple[str, ...]


class OutboundTrafficPolicy(Message, frozen=True, kw_only=True):
    """What happens to traffic for a destination nobody registered."""

    mode: OutboundMode = "REGISTRY_ONLY"
    egress_proxy: Destination | None = None


class Sidecar(Message, frozen=True, kw_only=True):
    """The scope of the proxies that `workload_selector` finds in its namespace."""

    workload_selector: SidecarWorkloadSelector | None = None
    ingress: tuple[IstioIngressListener, ...] = ()
    egress: tuple[IstioEgressListener, ...] = ()
    inbound_connection_pool: ConnectionPoolSettings | None = None
    outbound_traffic_policy: OutboundTrafficPolicy | None = None
