"""Supported fields that no manifest of the conformance suite sets, each with the reason."""

from __future__ import annotations

from collections.abc import Iterator


def _within(owner: str, names: str) -> Iterator[str]:
    return (f"{owner}.{name}" for name in names.split())


_POLICY = "DestinationRule.trafficPolicy"
_POOL = f"{_POLICY}.connectionPool"

UNPROVEN: dict[str, frozenset[str]] = {
    "only a machine that is gone without a word would show it": frozenset(
        _within(f"{_POOL}.tcp", "tcpKeepalive.probes tcpKeepalive.interval")
    ),
    "it needs a second image of the proxy": frozenset(("ProxyConfig.image.imageType",)),
}
"""By reason. Names are as in SUPPORTED; those that stand in several places by the one that stands for all."""
