"""Judges captured bytes: is this TLS from its first byte, and does it give anything away?"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

HANDSHAKE = 0x16
TLS_CONTENT_TYPES = frozenset({0x14, 0x15, HANDSHAKE, 0x17})
TLS_MAJOR_VERSION = 0x03
RECORD_HEADER = 5


@dataclass(frozen=True)
class Captured:
    """The bytes of each TCP flow ("source:port>target:port") in order of arrival."""

    flows: Mapping[str, bytes]

    @property
    def size(self) -> int:
        """Bytes in all flows."""
        return sum(len(content) for content in self.flows.values())

    def holds(self, marker: str) -> bool:
        """Whether any flow shows `marker` as it is."""
        return any(marker.encode() in content for content in self.flows.values())

    @property
    def plaintext_flows(self) -> list[str]:
        """Flows that are not TLS."""
        return sorted(flow for flow, content in self.flows.items() if not is_tls(content))


def parse_capture(result: Mapping[str, Any]) -> Captured:
    """What wire/sniffer.py printed."""
    return Captured({flow: base64.b64decode(content) for flow, content in result["flows"].items()})


def is_tls(content: bytes) -> bool:
    """Whether `content` is a sequence of TLS records; the last may be cut short.

    A flow caught in the middle of a record cannot be told from noise: captures begin while their flows are idle.
    """
    position = 0
    while position + RECORD_HEADER <= len(content):
        kind, major = content[position], content[position + 1]
        if kind not in TLS_CONTENT_TYPES or major != TLS_MAJOR_VERSION:
            return False
        position += RECORD_HEADER + int.from_bytes(content[position + 3 : position + 5], "big")
    return bool(content)
