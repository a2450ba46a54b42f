"""To which workloads or objects a policy applies, and how strings are compared."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, field

from .message import Message


class StringMatch(Message, frozen=True, kw_only=True):
    """How a string is compared: exactly one of `exact`, `prefix` or `regex` (RE2, over the whole string)."""

    exact: str | None = None
    prefix: str | None = None
    regex: str | None = None


class WorkloadSelector(Message, frozen=True, kw_only=True):
    """Pods that carry all of these labels. Without labels: every pod of the namespace."""

    match_labels: dict[str, str] = field(default_factory=dict)


class SidecarWorkloadSelector(Message, frozen=True, kw_only=True):
    """The selector of Sidecar and ServiceEntry: the same meaning under the older name `labels`."""

    labels: dict[str, str] = field(default_factory=dict)


class PolicyTargetReference(Message, frozen=True, kw_only=True):
    """An object a policy is attached to, in the policy's own namespace."""

    kind: Annotated[str, Meta(min_length=1, max_length=63)]
    name: Annotated[str, Meta(min_length=1, max_length=253)]
    group: str = ""
    namespace: str = ""
