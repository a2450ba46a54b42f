"""What enters at the edge: servers of a Gateway, and the key pairs they show."""

from dataclasses import dataclass
from enum import Enum

from meshd.model.labels import Labels
from meshd.model.reference import ObjectRef


class ServerTlsMode(Enum):
    AUTO_PASSTHROUGH = "AUTO_PASSTHROUGH"
    PASSTHROUGH = "PASSTHROUGH"
    SIMPLE = "SIMPLE"
    MUTUAL = "MUTUAL"
    ISTIO_MUTUAL = "ISTIO_MUTUAL"
    OPTIONAL_MUTUAL = "OPTIONAL_MUTUAL"

    @property
    def terminates(self) -> bool:
        """TLS ends at the gateway, with certificates of the server's own."""
        return self in (ServerTlsMode.SIMPLE, ServerTlsMode.MUTUAL, ServerTlsMode.OPTIONAL_MUTUAL)

    @property
    def passes_on(self) -> bool:
        """TLS goes through the gateway unopened."""
        return self in (ServerTlsMode.PASSTHROUGH, ServerTlsMode.AUTO_PASSTHROUGH)


@dataclass(frozen=True, slots=True)
class KeyPairFiles:
    """Paths in the gateway's container."""

    certificate: str
    private_key: str


@dataclass(frozen=True, slots=True)
class ServerTls:
    """`credentials` and `ca_credential` name Secrets of the gateway's namespace, the files are in its container."""

    mode: ServerTlsMode
    credentials: tuple[str, ...] = ()
    key_pair_files: tuple[KeyPairFiles, ...] = ()
    ca_credential: str = ""
    ca_file: str = ""
    crl_file: str = ""
    verify_spki: tuple[str, ...] = ()
    verify_hash: tuple[str, ...] = ()
    skip_verify: bool = False
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
    """In capitals: HTTP, HTTP2, GRPC, HTTPS, TLS, TCP or a protocol that is forwarded like TCP."""
    port_name: str
    hosts: tuple[str, ...]
    tls: ServerTls | None = None
    bind: str = ""
    name: str = ""
    """What the proxy counts by, where it keeps such stats."""


@dataclass(frozen=True, slots=True)
class Gateway:
    """Servers for the gateway workloads that `selector` selects."""

    ref: ObjectRef
    selector: Labels
    servers: tuple[GatewayServer, ...]
    created: str = ""


@dataclass(frozen=True, slots=True)
class KeyPair:
    """A TLS Secret: PEM texts. `ca` is for verifying clients, `crl` revokes some; empty when it has none."""

    namespace: str
    name: str
    certificate: bytes
    private_key: bytes
    ca: bytes = b""
    crl: bytes = b""
