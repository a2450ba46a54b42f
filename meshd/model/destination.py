"""How to talk to a destination: what a DestinationRule says. Durations are seconds, percents 0-100."""

from dataclasses import dataclass
from enum import Enum

from meshd.model.labels import Labels
from meshd.model.reference import ObjectRef


class LoadBalancer(Enum):
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
    source_ip: bool = False
    query_parameter: str = ""
    minimum_ring_size: int = 1024
    maglev_table_size: int = 0


@dataclass(frozen=True, slots=True)
class ConnectionPool:
    """Zero and None leave the proxy's default."""

    max_connections: int = 0
    connect_timeout: float = 0.0
    tcp_keepalive: tuple[int, float, float] | None = None
    """(probes, time, interval)"""
    max_connection_duration: float = 0.0
    tcp_idle_timeout: float = 0.0
    http1_max_pending_requests: int = 0
    http2_max_requests: int = 0
    max_requests_per_connection: int = 0
    max_retries: int = 0
    idle_timeout: float = 0.0
    max_concurrent_streams: int = 0
    upgrade_to_http2: bool = False


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


@dataclass(frozen=True, slots=True)
class ClientTls:
    mode: TlsMode
    client_certificate: str = ""
    private_key: str = ""
    ca_certificates: str = ""
    credential_name: str = ""
    subject_alt_names: tuple[str, ...] = ()
    sni: str = ""
    insecure_skip_verify: bool = False


@dataclass(frozen=True, slots=True)
class TrafficPolicy:
    """Each part None when not said; a subset's or port's policy overrides part by part."""

    load_balancer: LoadBalancer | None = None
    consistent_hash: ConsistentHash | None = None
    connection_pool: ConnectionPool | None = None
    outlier_detection: OutlierDetection | None = None
    tls: ClientTls | None = None
    ports: tuple[tuple[int, "TrafficPolicy"], ...] = ()


@dataclass(frozen=True, slots=True)
class Subset:
    name: str
    labels: Labels
    policy: TrafficPolicy = TrafficPolicy()


@dataclass(frozen=True, slots=True)
class DestinationPolicy:
    """`host` is fully qualified and may start with "*"."""

    ref: ObjectRef
    host: str
    policy: TrafficPolicy = TrafficPolicy()
    subsets: tuple[Subset, ...] = ()
    export_to: tuple[str, ...] = ("*",)
    created: str = ""
