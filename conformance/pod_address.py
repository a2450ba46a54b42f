"""Where a pod itself is reached, past every Service."""

from __future__ import annotations

from conformance.callers import PodCaller
from conformance.kubernetes import Kubernetes


def ip_of(kubernetes: Kubernetes, caller: PodCaller) -> str:
    """The address of the pod that `caller` is in."""
    namespace, _, pod = caller.name.partition("/")
    return str(kubernetes.get("pod", pod, "-n", namespace)["status"]["podIP"])
