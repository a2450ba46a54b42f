"""How to talk to a destination: what a DestinationRule says. Durations are seconds, percents 0-100."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from meshd.model.labels import Labels
from meshd.model.locality import LocalityLbSetting
from meshd.model.reference import ObjectRef


class SimpleBalancer(Enum):
    ROUND_ROBIN = "ROUND_ROBIN"
    LEAST_REQUEST = "LEAST_REQUEST"
    RANDOM = "RANDOM"
    PASSTHROUGH = "PASSTHROUGH"


class TlsMode(Enum):
    """How the client side of a connection is secured; None in a policy means automatic mutual TLS."""

    DISABLE = "DISABLE"
    SIMPLE = "SIMPLE"
    MUTUAL = "MUTUAL"
    ISTIO_MUTUAL = "ISTIO_MUTUAL"


@dataclass(frozen=True, slots=True)
class ConsistentHash:
    """Exactly one of header, cookie, source_ip, query_parameter. `cookie_ttl` None: not set by the proxy."""

    header: str = ""
    cookie: str = ""
    cookie_path: str = ""
    cookie_ttl: float | None = None
    cookie_attributes: tuple[tuple[str, str], ...] = ()
    source_ip: bool = False
    query_parameter: str = ""
    minimum_ring_size: int = 1024
    maglev_table_size: int = 0


@dataclass(frozen=True, slots=True)
class Warmup:
    """An endpoint that appears gets its full share of requests only after `duration`."""

    duration: float
    minimum_percent: float = 10.0
    aggression: float = 1.0


@dataclass(frozen=True, slots=True)
class LoadBalancer:
    """At most one of `simple` and `consistent_hash`; neither means the proxy's default. `locality` None: the mesh's."""

    simple: SimpleBalancer | None = None
    consistent_hash: ConsistentHash | None = None
    warmup: Warmup | None = None
    locality: LocalityLbSetting | None = None


@dataclass(frozen=True, slots=True)
class ConnectionPool:
    """Zero and None leave the proxy's default."""

    max_connections: int = 0
    connect_timeout: float = 0.0
    tcp_keepalive: tuple[int, float, float] | None = None
    """(probes, time, interval)"""
    max_connection_duration: float = 0.0
    tcp_idle_timeout: float | None = None
    http1_max_pending_requests: int = 0
    http2_max_requests: int = 0
    max_requests_per_connection: int = 0
    max_retries: int = 0
    idle_timeout: float | None = None
    max_concurrent_streams: int = 0
    upgrade_to_http2: bool = False
    use_client_protocol: bool = False
    http2_keepalive: tuple[float, float] | None = None
    """(interval, timeout)"""


@dataclass(frozen=True, slots=True)
class OutlierDetection:
    """None leaves the detector off (for the counts) or at the proxy's default."""

    consecutive_gateway_errors: int | None = None
    consecutive_5xx_errors: int | None = None
    split_external_local_origin_errors: bool = False
    consecutive_local_origin_failures: int | None = None
    interval: float = 0.0
    base_ejection_time: float = 0.0
    max_ejection_percent: int | None = None
    min_health_percent: int = 0
    http_error_codes: tuple[int, ...] = ()
    """Statuses that count as errors, instead of the 5xx."""


@dataclass(frozen=True, slots=True)
class ClientTls:
    mode: TlsMode
    client_certificate: str = ""
    private_key: str = ""
    ca_certificates: str = ""
    ca_crl: str = ""
    credential_name: str = ""
    subject_alt_names: tuple[str, ...] = ()
    sni: str = ""
    insecure_skip_verify: bool = False


@dataclass(frozen=True, slots=True)
class Tunnel:
    """TCP carried in an HTTP CONNECT or POST for `target` ("host:port")."""

    target: str
    use_post: bool = False


@dataclass(frozen=True, slots=True)
class RetryBudget:
    """Retries under way at once: `percent` of the requests under way, and always `min_concurrency`.

    With an `interval`, in seconds, it is a share of all requests in a window of that length instead.
    """

    percent: float = 20.0
    min_concurrency: int = 3
    interval: float = 0.0


@dataclass(frozen=True, slots=True)
class TrafficPolicy:
    """Each part None when not said. `proxy_protocol` is the version of the PROXY header, "V1" or "V2"."""

    load_balancer: LoadBalancer | None = None
    connection_pool: ConnectionPool | None = None
    outlier_detection: OutlierDetection | None = None
    tls: ClientTls | None = None
    tunnel: Tunnel | None = None
    proxy_protocol: str | None = None
    retry_budget: RetryBudget | None = None
    ports: tuple[tuple[int, "TrafficPolicy"], ...] = ()

    @property
    def consistent_hash(self) -> ConsistentHash | None:
        return self.load_balancer.consistent_hash if self.load_balancer else None


@dataclass(frozen=True, slots=True)
class Subset:
    name: str
    labels: Labels
    policy: TrafficPolicy = TrafficPolicy()


@dataclass(frozen=True, slots=True)
class DestinationPolicy:
    """`host` is fully qualified and may start with "*". With a selector only clients that it selects follow it, of
    its own namespace.
    """

    ref: ObjectRef
    host: str
    policy: TrafficPolicy = TrafficPolicy()
    subsets: tuple[Subset, ...] = ()
    export_to: tuple[str, ...] = ("*",)
    created: str = ""
    selector: Labels = ()

    @property
    def parts(self) -> Iterator[TrafficPolicy]:
        """The policies in it: for all ports and subsets, and for single ones."""
        for policy in (self.policy, *(subset.policy for subset in self.subsets)):
            yield policy
            yield from (settings for _, settings in policy.ports)

    @property
    def credentials(self) -> frozenset[str]:
        """Names of the Secrets with which gateways make themselves known, or know servers."""
        return frozenset(part.tls.credential_name for part in self.parts if part.tls is not None) - {""}

    @property
    def prefers(self) -> bool:
        """Whether it may make some endpoints go before others, by where its clients run or by their labels."""
        balancers = (part.load_balancer for part in self.parts)
        return any(part.outlier_detection is not None for part in self.parts) or any(
            balancer is not None and balancer.locality is not None for balancer in balancers
        )
