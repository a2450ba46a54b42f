"""Where routes lead to and which requests or connections they fit."""

from __future__ import annotations

from msgspec import field

from .message import Message, UInt32
from .selector import StringMatch


class PortSelector(Message, frozen=True, kw_only=True):
    """A port of a service, by number."""

    number: UInt32 = 0


class Destination(Message, frozen=True, kw_only=True):
    """A service of the registry, all of it or the subset a DestinationRule defines. `port` may be left out
    when the service has but one."""

    host: str
    subset: str = ""
    port: PortSelector | None = None


class HTTPMatchRequest(Message, frozen=True, kw_only=True):
    """A request fits when every condition that is set holds."""

    name: str = ""
    uri: StringMatch | None = None
    scheme: StringMatch | None = None
    method: StringMatch | None = None
    authority: StringMatch | None = None
    headers: dict[str, StringMatch] = field(default_factory=dict)
    port: UInt32 = 0
    source_labels: dict[str, str] = field(default_factory=dict)
    gateways: tuple[str, ...] = ()
    query_params: dict[str, StringMatch] = field(default_factory=dict)
    ignore_uri_case: bool = False
    without_headers: dict[str, StringMatch] = field(default_factory=dict)
    source_namespace: str = ""
    stat_prefix: str = ""


class L4MatchAttributes(Message, frozen=True, kw_only=True):
    """A connection fits when every condition that is set holds."""

    destination_subnets: tuple[str, ...] = ()
    port: UInt32 = 0
    source_subnet: str = ""
    source_labels: dict[str, str] = field(default_factory=dict)
    gateways: tuple[str, ...] = ()
    source_namespace: str = ""


class TLSMatchAttributes(Message, frozen=True, kw_only=True):
    """A TLS connection to one of `sni_hosts` fits when every other condition that is set holds."""

    sni_hosts: tuple[str, ...]
    destination_subnets: tuple[str, ...] = ()
    port: UInt32 = 0
    source_labels: dict[str, str] = field(default_factory=dict)
    gateways: tuple[str, ...] = ()
    source_namespace: str = ""
