"""Host names and the wildcards that cover them."""

from functools import lru_cache
from ipaddress import ip_address


def covers(pattern: str, host: str) -> bool:
    """True when `pattern` is `host`, or a wildcard for it."""
    return pattern in ("*", host) or (pattern.startswith("*.") and host.endswith(pattern[1:]) and host != pattern)


@lru_cache(maxsize=8192)
def wildcards(host: str) -> tuple[str, ...]:
    """`host`, then the wildcards that cover it from the most to the least specific, then "*"."""
    labels = host.split(".")
    start = 2 if labels[0] == "*" else 1
    covers = tuple("*." + ".".join(labels[i:]) for i in range(start, len(labels)))
    return (host, *covers, "*") if host != "*" else ("*",)


def is_ip_address(text: str) -> bool:
    """An IPv4 or IPv6 address."""
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
