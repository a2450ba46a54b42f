"""What the ingress gateway listens to: Gateway."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypedDict

import pulumi

from mesh_stack.components.policies.policy import NETWORKING, Policy, PolicyArgs

Protocol = Literal["HTTP", "HTTPS", "HTTP2", "GRPC", "TCP", "TLS"]


class Port(TypedDict):
    """`number` is a port of the gateway's Service."""

    number: int
    protocol: Protocol
    name: str


class ServerTls(TypedDict, total=False):
    """`credentialName` is a Secret beside the gateway with `tls.crt`, `tls.key` and, for MUTUAL, `ca.crt`."""

    mode: Literal["SIMPLE", "MUTUAL", "PASSTHROUGH"]
    credentialName: str
    httpsRedirect: bool
    minProtocolVersion: Literal["TLSV1_2", "TLSV1_3"]
    subjectAltNames: Sequence[str]


class _RequiredOfServer(TypedDict):
    port: Port
    hosts: Sequence[str]


class Server(_RequiredOfServer, total=False):
    """One port and the hosts it serves."""

    tls: ServerTls
    name: str


@dataclass(frozen=True, kw_only=True)
class GatewayArgs(PolicyArgs):
    """`selector` are labels of gateway pods."""

    selector: Mapping[str, str]
    servers: Sequence[Server]


class Gateway(Policy):
    """Opens ports of the gateway; VirtualServices that name it say where requests go."""

    def __init__(self, name: str, args: GatewayArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(NETWORKING, name, args, opts)
