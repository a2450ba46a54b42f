"""Who may call whom: AuthorizationPolicy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypedDict

import pulumi

from mesh_stack.components.policies.policy import SECURITY, Policy, PolicyArgs
from mesh_stack.components.policies.selector import WorkloadSelector

Action = Literal["ALLOW", "DENY"]


class Source(TypedDict, total=False):
    """The caller. Principals are `<trust domain>/ns/<namespace>/sa/<service account>`."""

    principals: Sequence[str]
    notPrincipals: Sequence[str]
    namespaces: Sequence[str]
    notNamespaces: Sequence[str]
    ipBlocks: Sequence[str]
    notIpBlocks: Sequence[str]


class Operation(TypedDict, total=False):
    """What is called. Values may begin or end with `*`."""

    hosts: Sequence[str]
    notHosts: Sequence[str]
    ports: Sequence[str]
    notPorts: Sequence[str]
    methods: Sequence[str]
    notMethods: Sequence[str]
    paths: Sequence[str]
    notPaths: Sequence[str]


class From(TypedDict):
    source: Source


class To(TypedDict):
    operation: Operation


class Condition(TypedDict, total=False):
    """A further attribute, such as `request.headers[x-version]`."""

    key: str
    values: Sequence[str]
    notValues: Sequence[str]


# `from` is a keyword, hence the functional form.
Rule = TypedDict("Rule", {"from": Sequence[From], "to": Sequence[To], "when": Sequence[Condition]}, total=False)


@dataclass(frozen=True, kw_only=True)
class AuthorizationPolicyArgs(PolicyArgs):
    """A request matches when any of `rules` does. Without rules ALLOW allows nothing, DENY denies nothing."""

    action: Action = "ALLOW"
    rules: Sequence[Rule] | None = None
    selector: WorkloadSelector | None = None


class AuthorizationPolicy(Policy):
    """Allows or denies requests to what it selects."""

    def __init__(self, name: str, args: AuthorizationPolicyArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(SECURITY, name, args, opts)
