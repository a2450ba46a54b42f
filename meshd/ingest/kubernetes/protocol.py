"""What a service port speaks.

https://istio.io/latest/docs/ops/configuration/traffic-management/protocol-selection/#explicit-protocol-selection
"""

from __future__ import annotations

from meshd.model.service import Protocol

_PROTOCOLS = {
    "http": Protocol.HTTP,
    "http_proxy": Protocol.HTTP,
    "http2": Protocol.HTTP2,
    "grpc": Protocol.GRPC,
    "grpc-web": Protocol.GRPC,
    "https": Protocol.HTTPS,
    "tls": Protocol.TLS,
    "tcp": Protocol.TCP,
    "mongo": Protocol.TCP,
    "mysql": Protocol.TCP,
    "redis": Protocol.TCP,
    "udp": Protocol.UDP,
    "kubernetes.io/h2c": Protocol.HTTP2,
    "kubernetes.io/ws": Protocol.HTTP,
    "kubernetes.io/wss": Protocol.HTTPS,
}


SERVER_SPEAKS_FIRST = frozenset((25, 53, 3306, 27017))
"""Ports of SMTP, DNS, MySQL and MongoDB, where waiting for the client's first bytes would hold up the server's."""


def protocol_of(transport: str, app_protocol: str | None, name: str | None, port: int = 0) -> Protocol:
    """`appProtocol` decides before the port's name, whose first word is the protocol ("http2-api").

    Where nothing is said, or nothing known, the bytes will tell.
    """
    if transport == "UDP":
        return Protocol.UDP
    word = (app_protocol or name or "").lower()
    if not app_protocol:
        word = "grpc-web" if word.startswith("grpc-web") else word.partition("-")[0]
    return _PROTOCOLS.get(word, Protocol.TCP if port in SERVER_SPEAKS_FIRST else Protocol.AUTO)
