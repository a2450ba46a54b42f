"""What a workload's proxy knows of the mesh, and how requests come in: Sidecar."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypedDict

import pulumi

from mesh_stack.components.policies.policy import NETWORKING, Policy, PolicyArgs

CaptureMode = Literal["DEFAULT", "IPTABLES", "NONE"]


class SidecarPort(TypedDict):
    number: int
    protocol: str
    name: str


class SidecarSelector(TypedDict):
    labels: Mapping[str, str]


class _RequiredOfEgress(TypedDict):
    hosts: Sequence[str]


class EgressListener(_RequiredOfEgress, total=False):
    """`hosts` are "namespace/host"; without a port it speaks for all ports no other listener names."""

    port: SidecarPort
    bind: str
    captureMode: CaptureMode


class _RequiredOfIngress(TypedDict):
    port: SidecarPort


class IngressListener(_RequiredOfIngress, total=False):
    """`defaultEndpoint` is where the application listens: 127.0.0.1:PORT or 0.0.0.0:PORT."""

    defaultEndpoint: str


class PortOfHost(TypedDict):
    number: int


class EgressProxy(TypedDict, total=False):
    host: str
    port: PortOfHost
    subset: str


class OutboundTrafficPolicy(TypedDict, total=False):
    mode: Literal["REGISTRY_ONLY", "ALLOW_ANY"]
    egressProxy: EgressProxy


@dataclass(frozen=True, kw_only=True)
class SidecarArgs(PolicyArgs):
    """Without a selector it acts on every workload of its namespace."""

    workload_selector: SidecarSelector | None = None
    egress: Sequence[EgressListener] | None = None
    ingress: Sequence[IngressListener] | None = None
    outbound_traffic_policy: OutboundTrafficPolicy | None = None


class Sidecar(Policy):
    """Narrows what workloads reach, and what their proxies have to know."""

    def __init__(self, name: str, args: SidecarArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(NETWORKING, name, args, opts)
