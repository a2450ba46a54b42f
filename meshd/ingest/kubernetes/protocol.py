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


def protocol_of(transport: str, app_protocol: str | None, name: str | None) -> Protocol:
    """`appProtocol` decides before the port's name, whose first word is the protocol ("http2-api").

    Nothing said, or nothing known, is TCP: opaque bytes are the one reading that is never wrong.
    """
    if transport == "UDP":
        return Protocol.UDP
    if app_protocol:
        return _PROTOCOLS.get(app_protocol.lower(), Protocol.TCP)
    word = (name or "").lower()
    if word.startswith("grpc-web"):
        return Protocol.GRPC
    return _PROTOCOLS.get(word.partition("-")[0], Protocol.TCP)
