"""DestinationRule: how traffic to a service is treated once it is routed there."""

from __future__ import annotations

from typing import Literal

from msgspec import field

from .connection_pool import ConnectionPoolSettings, OutlierDetection
from .load_balancer import LoadBalancerSettings, PercentValue
from .message import Duration, Message, UInt32
from .route_match import PortSelector
from .selector import WorkloadSelector
from .tls_settings import ClientTLSSettings

ProxyProtocolVersion = Literal["V1", "V2"]


class PortTrafficPolicy(Message, frozen=True, kw_only=True):
    """Settings of one port. They replace the service's, field by field left out becoming the default."""

    port: PortSelector | None = None
    load_balancer: LoadBalancerSettings | None = None
    connection_pool: ConnectionPoolSettings | None = None
    outlier_detection: OutlierDetection | None = None
    tls: ClientTLSSettings | None = None


class TunnelSettings(Message, frozen=True, kw_only=True):
    """TCP carried to another host in HTTP CONNECT or POST."""

    protocol: str = ""
    target_host: str
    target_port: UInt32


class ProxyProtocol(Message, frozen=True, kw_only=True):
    """The PROXY protocol header sent before the connection's own bytes."""

    version: ProxyProtocolVersion = "V1"


class RetryBudget(Message, frozen=True, kw_only=True):
    """How many retries may be under way, in percent of the requests under way."""

    percent: PercentValue | None = None
    min_retry_concurrency: UInt32 = 0
    budget_interval: Duration | None = None


class TrafficPolicy(Message, frozen=True, kw_only=True):
    """Settings of a service, of a subset of it, or of single ports."""

    load_balancer: LoadBalancerSettings | None = None
    connection_pool: ConnectionPoolSettings | None = None
    outlier_detection: OutlierDetection | None = None
    tls: ClientTLSSettings | None = None
    port_level_settings: tuple[PortTrafficPolicy, ...] = ()
    tunnel: TunnelSettings | None = None
    proxy_protocol: ProxyProtocol | None = None
    retry_budget: RetryBudget | None = None


class Subset(Message, frozen=True, kw_only=True):
    """The endpoints of the service whose pods carry these labels."""

    name: str
    labels: dict[str, str] = field(default_factory=dict)
    traffic_policy: TrafficPolicy | None = None


class DestinationRule(Message, frozen=True, kw_only=True):
    """How traffic to `host` is treated after routing, and which subsets routes may name."""

    host: str
    traffic_policy: TrafficPolicy | None = None
    subsets: tuple[Subset, ...] = ()
    export_to: tuple[str, ...] = ()
    workload_selector: WorkloadSelector | None = None
