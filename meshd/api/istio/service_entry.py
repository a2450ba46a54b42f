"""ServiceEntry: a service that Kubernetes does not know."""

from __future__ import annotations

from typing import Literal

from .message import Message, UInt32
from .selector import SidecarWorkloadSelector
from .workload_entry import WorkloadEntry

Location = Literal["MESH_EXTERNAL", "MESH_INTERNAL"]
Resolution = Literal["NONE", "STATIC", "DNS", "DNS_ROUND_ROBIN", "DYNAMIC_DNS"]


class ServicePort(Message, frozen=True, kw_only=True):
    """A port of the service; `target_port` is the endpoints' when it differs."""

    number: UInt32
    protocol: str = ""
    name: str
    target_port: UInt32 = 0


class ServiceEntry(Message, frozen=True, kw_only=True):
    """A service put into the registry by hand, with how its endpoints are found."""

    hosts: tuple[str, ...]
    addresses: tuple[str, ...] = ()
    ports: tuple[ServicePort, ...] = ()
    location: Location = "MESH_EXTERNAL"
    resolution: Resolution = "NONE"
    endpoints: tuple[WorkloadEntry, ...] = ()
    workload_selector: SidecarWorkloadSelector | None = None
    export_to: tuple[str, ...] = ()
    subject_alt_names: tuple[str, ...] = ()
