"""The label `request_protocol` of HTTP metrics: `grpc` or `http`."""

from meshd.model.memo import Reader
from meshd.model.service import Protocol
from meshd.model.tables import SERVICES

HTTP, GRPC = "http", "grpc"
_TYPE = "request.headers['content-type']"
_IS_GRPC = f"{_TYPE} == 'application/grpc' || {_TYPE}.startsWith('application/grpc+')"
BY_REQUEST = f"%CEL('content-type' in request.headers && ({_IS_GRPC}) ? '{GRPC}' : '{HTTP}')%"
"""Told from each request, as Istio does: only where both may come, since it takes longer than a fixed text."""


def server_label(protocol: Protocol) -> str:
    """On a port that speaks `protocol`."""
    if protocol is Protocol.GRPC:
        return GRPC
    return HTTP if protocol is Protocol.HTTP else BY_REQUEST


def client_label(read: Reader, port: int) -> str:
    """On a client's listener for all services of one port."""
    return BY_REQUEST if read.query(_speak_grpc, port) else HTTP


def gateway_label(read: Reader) -> str:
    """At a gateway, whose requests may go to any service."""
    return BY_REQUEST if read.query(_some_speaks_grpc) else HTTP


def _speak_grpc(read: Reader, port: int) -> bool:
    return bool(read.find(SERVICES, "grpc_port", port))


def _some_speaks_grpc(read: Reader) -> bool:
    return bool(read.values(SERVICES, "grpc_port"))
