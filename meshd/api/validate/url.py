"""What proxies take for the address of a server of keys."""

from __future__ import annotations

from urllib.parse import urlsplit

from .names import is_dns_name, is_ip_address


def is_url(text: str) -> bool:
    """An http or https URL of a host by name or address, printable ASCII without spaces or a user."""
    try:
        parts = urlsplit(text)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return False
    known = parts.scheme.lower() in ("http", "https") and (is_dns_name(host) or is_ip_address(host))
    return known and port != 0 and parts.username is None and text.isascii() and text.isprintable() and " " not in text
