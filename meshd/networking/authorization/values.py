"""Values of an AuthorizationPolicy as Envoy matchers: exact, "prefix*", "*suffix", or "*" for anything set."""

import ipaddress
import re
from typing import Any

from envoy.extensions.path.match.uri_template.v3 import uri_template_match_pb2

from meshd.networking.proto import extension


def string_match(value: str) -> dict[str, Any]:
    """A StringMatcher for one of the four forms. "*" asks for at least one character."""
    if value == "*":
        return {"safe_regex": {"regex": ".+"}}
    if value.startswith("*"):
        return {"suffix": value[1:]}
    return {"prefix": value[:-1]} if value.endswith("*") else {"exact": value}


def header(name: str, value: str) -> dict[str, Any]:
    if value == "*":
        return {"name": name, "present_match": True}
    return {"name": name, "string_match": string_match(value)}


def host_header(value: str) -> dict[str, Any]:
    """Hosts are compared without regard to case (RFC 9110, section 4.2.3)."""
    if value == "*":
        return {"name": ":authority", "present_match": True}
    return {"name": ":authority", "string_match": {**string_match(value), "ignore_case": True}}


def path(value: str) -> dict[str, Any]:
    """A Permission. `{*}` stands for one segment of the path, `{**}` for any number.

    https://istio.io/latest/docs/reference/config/security/authorization-policy/#Operation
    """
    if "{*}" not in value and "{**}" not in value:
        return {"url_path": {"path": string_match(value)}}
    template = value.replace("{**}", "**").replace("{*}", "*")
    config = uri_template_match_pb2.UriTemplateMatchConfig(path_template=template)
    return {"uri_template": extension("envoy.path.match.uri_template.uri_template_matcher", config)}


def cidr(value: str) -> dict[str, Any]:
    """A CidrRange from an address or a block."""
    network = ipaddress.ip_network(value, strict=False)
    return {"address_prefix": str(network.network_address), "prefix_len": {"value": network.prefixlen}}


def peer_principal(value: str) -> dict[str, Any]:
    """The identity in the peer's certificate, written without its `spiffe://`."""
    match = string_match(value)
    for kind in ("exact", "prefix"):
        if kind in match:
            match = {kind: f"spiffe://{match[kind]}"}
    return {"authenticated": {"principal_name": match}}


def namespace_principal(value: str) -> dict[str, Any]:
    return _identity(f".*/ns/{_pattern(value)}/.*")


def trust_domain_principal(value: str) -> dict[str, Any]:
    return _identity(f"spiffe://{_pattern(value)}/.*")


def service_account_principal(value: str, namespace: str) -> dict[str, Any]:
    """ "<namespace>/<name>", or "<name>" of the policy's own namespace."""
    owner, _, name = value.rpartition("/")
    return _identity(f"spiffe://.*/ns/{_pattern(owner or namespace)}/sa/{_pattern(name)}")


def _identity(regex: str) -> dict[str, Any]:
    return {"authenticated": {"principal_name": {"safe_regex": {"regex": regex}}}}


def _pattern(value: str) -> str:
    return re.escape(value).replace(r"\*", "[^/]*")
