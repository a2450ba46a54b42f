"""Whether workloads accept plaintext: PeerAuthentication."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypedDict

import pulumi

from mesh_stack.components.policies.policy import SECURITY, Policy, PolicyArgs
from mesh_stack.components.policies.selector import WorkloadSelector

Mode = Literal["UNSET", "DISABLE", "PERMISSIVE", "STRICT"]


class MutualTls(TypedDict):
    """STRICT refuses plaintext, PERMISSIVE takes both, DISABLE takes plaintext only."""

    mode: Mode


@dataclass(frozen=True, kw_only=True)
class PeerAuthenticationArgs(PolicyArgs):
    """Without `selector` it holds for the namespace, in the root namespace for the mesh."""

    mtls: MutualTls | None = None
    selector: WorkloadSelector | None = None
    port_level_mtls: Mapping[str, MutualTls] | None = None
    """By the workload's port number, written as text. Needs `selector`."""


class PeerAuthentication(Policy):
    """Sets the mutual TLS mode of what it selects."""

    def __init__(self, name: str, args: PeerAuthenticationArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(SECURITY, name, args, opts)
