"""WorkloadEntry: an endpoint that is not a pod."""

from __future__ import annotations

from msgspec import field

from .message import Message, UInt32


class WorkloadEntry(Message, frozen=True, kw_only=True):
    """A virtual machine or other endpoint, with the labels and the identity it has in the mesh."""

    address: str = ""
    ports: dict[str, UInt32] = field(default_factory=dict)
    labels: dict[str, str] = field(default_factory=dict)
    network: str = ""
    locality: str = ""
    weight: UInt32 = 0
    service_account: str = ""
