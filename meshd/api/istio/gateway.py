"""Gateway: which ports and hosts the proxies at the mesh's edge serve."""

from __future__ import annotations

from msgspec import field

from .message import Message, UInt32
from .tls_settings import ServerTLSSettings


class Port(Message, frozen=True, kw_only=True):
    """A port to listen on. `protocol` is one of HTTP, HTTPS, GRPC, HTTP2, MONGO, TCP, TLS."""

    number: UInt32
    protocol: str
    name: str
    target_port: UInt32 = 0


class Server(Message, frozen=True, kw_only=True):
    """One port with the hosts it serves, each as a DNS name or as namespace/name, and its TLS settings."""

    port: Port
    bind: str = ""
    hosts: tuple[str, ...]
    tls: ServerTLSSettings | None = None
    default_endpoint: str = ""
    name: str = ""


class Gateway(Message, frozen=True, kw_only=True):
    """What the gateway pods that `selector` finds, in every namespace, serve."""

    servers: tuple[Server, ...] = ()
    selector: dict[str, str] = field(default_factory=dict)
