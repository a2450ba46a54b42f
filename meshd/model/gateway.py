"""What enters at the edge: servers of a Gateway, and the key pairs they show."""

from dataclasses import dataclass
from enum import Enum

from meshd.model.labels import Labels
from meshd.model.reference import ObjectRef


class ServerTlsMode(Enum):
    PASSTHROUGH = "PASSTHROUGH"
    SIMPLE = "SIMPLE"
    MUTUAL = "MUTUAL"
    ISTIO_MUTUAL = "ISTIO_MUTUAL"
    OPTIONAL_MUTUAL = "OPTIONAL_MUTUAL"


@dataclass(frozen=True, slots=True)
class ServerTls:
    mode: ServerTlsMode
    credential_name: str = ""
    https_redirect: bool = False
    subject_alt_names: tuple[str, ...] = ()
    min_version: str = ""
    max_version: str = ""
    cipher_suites: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class GatewayServer:
    """`hosts` are "namespace/host" or "host", the host may be or start with "*"."""

    port: int
    protocol: str
    """HTTP, HTTP2, GRPC, HTTPS, TLS or TCP."""
    port_name: str
    hosts: tuple[str, ...]
    tls: ServerTls | None = None
    bind: str = ""


@dataclass(frozen=True, slots=True)
class Gateway:
    """Servers for the gateway workloads that `selector` selects."""

    ref: ObjectRef
    selector: Labels
    servers: tuple[GatewayServer, ...]
    created: str = ""


@dataclass(frozen=True, slots=True)
class KeyPair:
    """A TLS Secret: PEM texts. `ca` is for verifying clients, empty when the Secret has none."""

    namespace: str
    name: str
    certificate: bytes
    private_key: bytes
    ca: bytes = b""
