"""The workloads a policy is for."""

from __future__ import annotations

from typing import TypedDict


class WorkloadSelector(TypedDict):
    """Pods that carry every one of these labels."""

    matchLabels: dict[str, str]
