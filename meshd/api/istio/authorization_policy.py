"""AuthorizationPolicy: who may do what with a workload."""

from __future__ import annotations

from typing import Literal

from msgspec import field

from .message import Message
from .selector import PolicyTargetReference, WorkloadSelector

Action = Literal["ALLOW", "DENY", "AUDIT", "CUSTOM"]


class Source(Message, frozen=True, kw_only=True):
    """Who calls. Fields are ANDed, the values of one field ORed.

    `*` at an end of a value stands for the rest.
    """

    principals: tuple[str, ...] = ()
    not_principals: tuple[str, ...] = ()
    request_principals: tuple[str, ...] = ()
    not_request_principals: tuple[str, ...] = ()
    namespaces: tuple[str, ...] = ()
    not_namespaces: tuple[str, ...] = ()
    service_accounts: tuple[str, ...] = ()
    not_service_accounts: tuple[str, ...] = ()
    ip_blocks: tuple[str, ...] = ()
    not_ip_blocks: tuple[str, ...] = ()
    remote_ip_blocks: tuple[str, ...] = ()
    not_remote_ip_blocks: tuple[str, ...] = ()
    trust_domains: tuple[str, ...] = ()
    not_trust_domains: tuple[str, ...] = ()


class Operation(Message, frozen=True, kw_only=True):
    """What is asked for. Fields are ANDed, the values of one field ORed."""

    hosts: tuple[str, ...] = ()
    not_hosts: tuple[str, ...] = ()
    ports: tuple[str, ...] = ()
    not_ports: tuple[str, ...] = ()
    methods: tuple[str, ...] = ()
    not_methods: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    not_paths: tuple[str, ...] = ()


class Condition(Message, frozen=True, kw_only=True):
    """A further condition on an attribute such as `request.headers[x-team]`."""

    key: str
    values: tuple[str, ...] = ()
    not_values: tuple[str, ...] = ()


class From(Message, frozen=True, kw_only=True):
    """One source of a rule."""

    source: Source | None = None


class To(Message, frozen=True, kw_only=True):
    """One operation of a rule."""

    operation: Operation | None = None


class Rule(Message, frozen=True, kw_only=True):
    """A request fits when one of `from_`, one of `to` and all of `when` fit; what is left out fits always."""

    from_: tuple[From, ...] = field(default=(), name="from")
    to: tuple[To, ...] = ()
    when: tuple[Condition, ...] = ()


class ExtensionProvider(Message, frozen=True, kw_only=True):
    """The provider of the mesh's configuration that decides in a CUSTOM policy."""

    name: str = ""


class AuthorizationPolicy(Message, frozen=True, kw_only=True):
    """Allow or deny the requests that fit one of `rules`. ALLOW without rules lets nobody in."""

    selector: WorkloadSelector | None = None
    target_ref: PolicyTargetReference | None = None
    target_refs: tuple[PolicyTargetReference, ...] = ()
    rules: tuple[Rule, ...] = ()
    action: Action = "ALLOW"
    provider: ExtensionProvider | None = None
