"""Who must prove their identity, and who may talk to whom."""

from dataclasses import dataclass
from enum import Enum

from meshd.model.labels import Labels
from meshd.model.reference import ObjectRef


class MtlsMode(Enum):
    """What a workload's inbound port accepts."""

    STRICT = "STRICT"
    PERMISSIVE = "PERMISSIVE"
    DISABLE = "DISABLE"


@dataclass(frozen=True, slots=True)
class PeerAuthentication:
    """`mode` None inherits from the namespace, then the mesh. No selector: the whole namespace."""

    ref: ObjectRef
    selector: Labels = ()
    mode: MtlsMode | None = None
    port_modes: tuple[tuple[int, MtlsMode], ...] = ()
    created: str = ""


class Action(Enum):
    ALLOW = "ALLOW"
    DENY = "DENY"
    AUDIT = "AUDIT"
    """Changes no verdict; what fits is logged."""
    CUSTOM = "CUSTOM"
    """A provider of the mesh decides about what fits."""


@dataclass(frozen=True, slots=True)
class Source:
    """Every non-empty list must have a value that matches; every `not_` list none."""

    principals: tuple[str, ...] = ()
    not_principals: tuple[str, ...] = ()
    request_principals: tuple[str, ...] = ()
    not_request_principals: tuple[str, ...] = ()
    namespaces: tuple[str, ...] = ()
    not_namespaces: tuple[str, ...] = ()
    service_accounts: tuple[str, ...] = ()
    not_service_accounts: tuple[str, ...] = ()
    trust_domains: tuple[str, ...] = ()
    not_trust_domains: tuple[str, ...] = ()
    ip_blocks: tuple[str, ...] = ()
    not_ip_blocks: tuple[str, ...] = ()
    remote_ip_blocks: tuple[str, ...] = ()
    not_remote_ip_blocks: tuple[str, ...] = ()

    @property
    def needs_http(self) -> bool:
        """True when a condition can only be told from an HTTP request."""
        return bool(self.request_principals or self.not_request_principals)


@dataclass(frozen=True, slots=True)
class Operation:
    hosts: tuple[str, ...] = ()
    not_hosts: tuple[str, ...] = ()
    ports: tuple[str, ...] = ()
    not_ports: tuple[str, ...] = ()
    methods: tuple[str, ...] = ()
    not_methods: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    not_paths: tuple[str, ...] = ()

    @property
    def needs_http(self) -> bool:
        """True when a condition can only be told from an HTTP request."""
        return any((self.hosts, self.not_hosts, self.methods, self.not_methods, self.paths, self.not_paths))


@dataclass(frozen=True, slots=True)
class Condition:
    """A `when` entry: attribute `key` has one of `values` and none of `not_values`."""

    key: str
    values: tuple[str, ...] = ()
    not_values: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Rule:
    """Any of `sources`, any of `operations`, all of `conditions`; an empty tuple always holds."""

    sources: tuple[Source, ...] = ()
    operations: tuple[Operation, ...] = ()
    conditions: tuple[Condition, ...] = ()


@dataclass(frozen=True, slots=True)
class AuthorizationPolicy:
    """With ALLOW and no rules nothing is allowed; a rule without parts matches everything.

    `provider` names who decides for CUSTOM. A `dry_run` changes no verdict: what it would do is reported.
    """

    ref: ObjectRef
    action: Action
    selector: Labels = ()
    gateways: tuple[str, ...] = ()
    rules: tuple[Rule, ...] = ()
    provider: str = ""
    dry_run: bool = False
