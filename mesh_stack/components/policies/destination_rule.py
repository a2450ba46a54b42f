"""How a service is called once it is chosen: DestinationRule."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypedDict

import pulumi

from mesh_stack.components.policies.policy import NETWORKING, Policy, PolicyArgs

SimpleLB = Literal["UNSPECIFIED", "RANDOM", "PASSTHROUGH", "ROUND_ROBIN", "LEAST_REQUEST"]


class HTTPCookie(TypedDict, total=False):
    name: str
    path: str
    ttl: str


class ConsistentHash(TypedDict, total=False):
    """Exactly one of them is what is hashed."""

    httpHeaderName: str
    httpCookie: HTTPCookie
    useSourceIp: bool
    httpQueryParameterName: str


class LoadBalancer(TypedDict, total=False):
    """Exactly one of them."""

    simple: SimpleLB
    consistentHash: ConsistentHash


class TcpSettings(TypedDict, total=False):
    maxConnections: int
    connectTimeout: str
    idleTimeout: str


class HttpSettings(TypedDict, total=False):
    http1MaxPendingRequests: int
    http2MaxRequests: int
    maxRequestsPerConnection: int
    maxRetries: int
    idleTimeout: str
    h2UpgradePolicy: Literal["DEFAULT", "DO_NOT_UPGRADE", "UPGRADE"]


class ConnectionPool(TypedDict, total=False):
    tcp: TcpSettings
    http: HttpSettings


class OutlierDetection(TypedDict, total=False):
    """When an endpoint that fails is left out, and for how long."""

    consecutive5xxErrors: int
    consecutiveGatewayErrors: int
    interval: str
    baseEjectionTime: str
    maxEjectionPercent: int
    minHealthPercent: int


class ClientTls(TypedDict, total=False):
    """ISTIO_MUTUAL uses the workload's own certificate and needs nothing else."""

    mode: Literal["DISABLE", "SIMPLE", "MUTUAL", "ISTIO_MUTUAL"]
    credentialName: str
    sni: str
    subjectAltNames: Sequence[str]


class PortSelector(TypedDict):
    number: int


class PortTrafficPolicy(TypedDict, total=False):
    port: PortSelector
    loadBalancer: LoadBalancer
    connectionPool: ConnectionPool
    outlierDetection: OutlierDetection
    tls: ClientTls


class TrafficPolicy(TypedDict, total=False):
    loadBalancer: LoadBalancer
    connectionPool: ConnectionPool
    outlierDetection: OutlierDetection
    tls: ClientTls
    portLevelSettings: Sequence[PortTrafficPolicy]


class _RequiredOfSubset(TypedDict):
    name: str


class Subset(_RequiredOfSubset, total=False):
    """The endpoints that carry `labels`."""

    labels: Mapping[str, str]
    trafficPolicy: TrafficPolicy


@dataclass(frozen=True, kw_only=True)
class DestinationRuleArgs(PolicyArgs):
    """`host` is a service's name, as in a VirtualService's destination."""

    host: str
    traffic_policy: TrafficPolicy | None = None
    subsets: Sequence[Subset] | None = None
    export_to: Sequence[str] | None = None


class DestinationRule(Policy):
    """Names a service's subsets and says how its endpoints are called."""

    def __init__(self, name: str, args: DestinationRuleArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(NETWORKING, name, args, opts)
