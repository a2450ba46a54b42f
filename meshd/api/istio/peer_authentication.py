"""PeerAuthentication: whether workloads demand mutual TLS of their callers."""

from __future__ import annotations

from typing import Literal

from msgspec import field

from .message import Message, UInt32
from .selector import WorkloadSelector

MutualTLSMode = Literal["UNSET", "DISABLE", "PERMISSIVE", "STRICT"]


class MutualTLS(Message, frozen=True, kw_only=True):
    """The mode; UNSET takes over the one of the next wider scope."""

    mode: MutualTLSMode = "UNSET"


class PeerAuthentication(Message, frozen=True, kw_only=True):
    """Mutual TLS for the mesh (in the root namespace), a namespace, or the workloads that `selector` finds.

    `port_level_mtls` is keyed by the port of the workload, not of the Service.
    """

    selector: WorkloadSelector | None = None
    mtls: MutualTLS | None = None
    port_level_mtls: dict[UInt32, MutualTLS] = field(default_factory=dict)
