"""WorkloadGroup: what workloads outside Kubernetes have in common."""

from __future__ import annotations

from msgspec import field

from .message import Count, Message, UInt32
from .workload_entry import WorkloadEntry


class HTTPHeader(Message, frozen=True, kw_only=True):
    """A header sent with the probe."""

    name: str = ""
    value: str = ""


class HTTPHealthCheckConfig(Message, frozen=True, kw_only=True):
    """Ready when a GET is answered with 200 to 399."""

    path: str = ""
    port: UInt32
    host: str = ""
    scheme: str = ""
    http_headers: tuple[HTTPHeader, ...] = ()


class TCPHealthCheckConfig(Message, frozen=True, kw_only=True):
    """Ready when the port accepts a connection."""

    host: str = ""
    port: UInt32


class ExecHealthCheckConfig(Message, frozen=True, kw_only=True):
    """Ready when the command ends with 0."""

    command: tuple[str, ...]


class GrpcHealthCheckConfig(Message, frozen=True, kw_only=True):
    """Ready when gRPC's health service says so."""

    port: UInt32 = 0
    service: str = ""


class ReadinessProbe(Message, frozen=True, kw_only=True):
    """How the workload's readiness is found out: exactly one of the four methods."""

    initial_delay_seconds: Count = 0
    timeout_seconds: Count = 0
    period_seconds: Count = 0
    success_threshold: Count = 0
    failure_threshold: Count = 0
    http_get: HTTPHealthCheckConfig | None = None
    tcp_socket: TCPHealthCheckConfig | None = None
    exec: ExecHealthCheckConfig | None = None
    grpc: GrpcHealthCheckConfig | None = None


class WorkloadGroupMetadata(Message, frozen=True, kw_only=True):
    """Labels and annotations that each WorkloadEntry of the group gets."""

    labels: dict[str, str] = field(default_factory=dict)
    annotations: dict[str, str] = field(default_factory=dict)


class WorkloadGroup(Message, frozen=True, kw_only=True):
    """The template of the WorkloadEntry that a workload of this group is registered with."""

    metadata: WorkloadGroupMetadata | None = None
    template: WorkloadEntry
    probe: ReadinessProbe | None = None
