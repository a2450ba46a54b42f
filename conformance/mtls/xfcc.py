"""Reads Envoy's x-forwarded-client-cert header: who called, as the called side verified it."""

from __future__ import annotations

import re
from collections.abc import Mapping

HEADER = "x-forwarded-client-cert"


def parse_xfcc(header: str) -> list[dict[str, list[str]]]:
    """One dictionary of lists by key for each element; values in double quotes lose them."""
    elements = re.findall(r'(?:[^,"]|"(?:\\.|[^"\\])*")+', header)
    return [_parse_element(element) for element in elements]


def last_caller(headers: Mapping[str, str]) -> str | None:
    """The URI of the last element: the direct caller. None without the header or a URI in it."""
    elements = parse_xfcc(headers.get(HEADER, ""))
    return elements[-1].get("URI", [None])[0] if elements else None


def _parse_element(element: str) -> dict[str, list[str]]:
    parsed: dict[str, list[str]] = {}
    for pair in re.findall(r'(?:[^;"]|"(?:\\.|[^"\\])*")+', element):
        key, _, value = pair.strip().partition("=")
        parsed.setdefault(key, []).append(value.strip('"').replace('\\"', '"'))
    return parsed
