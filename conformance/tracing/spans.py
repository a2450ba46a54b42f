"""Spans as Zipkin tells them, and the questions a trace has to answer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx


@dataclass(frozen=True)
class Span:
    """One span. `kind` is CLIENT, SERVER or empty; `place` tells which proxy it is from (node id and address)."""

    trace_id: str
    id: str
    parent_id: str
    kind: str
    place: str
    tags: Mapping[str, str] = field(default_factory=dict)


def parse_spans(content: Iterable[Mapping[str, Any]]) -> list[Span]:
    """Spans of Zipkin's v2 API."""
    return [
        Span(
            trace_id=item["traceId"],
            id=item["id"],
            parent_id=item.get("parentId", ""),
            kind=item.get("kind", ""),
            place=" ".join(
                (
                    item.get("tags", {}).get("node_id", ""),
                    (item.get("localEndpoint") or {}).get("ipv4", ""),
                    (item.get("localEndpoint") or {}).get("serviceName", ""),
                )
            ),
            tags=item.get("tags", {}),
        )
        for item in content
    ]


def fetch_trace(url: str, trace_id: str, timeout: float) -> list[Span]:
    """The spans Zipkin at `url` holds of one trace; none when it does not know it."""
    try:
        answer = httpx.get(f"{url}/api/v2/trace/{trace_id}", timeout=timeout)
    except httpx.HTTPError as error:
        raise AssertionError(f"Zipkin at {url}: {error}") from error
    return parse_spans(answer.json()) if answer.status_code == 200 else []


def at(spans: Sequence[Span], *names: str) -> list[Span]:
    """Spans from the proxy whose place holds any of `names` (a pod's name or address)."""
    return [span for span in spans if any(name and name in span.place for name in names)]


def descends_from(spans: Sequence[Span], child: Span, ancestors: Sequence[Span]) -> bool:
    """Whether `child` is below one of `ancestors`, or shares its id (both sides of one call may share a span)."""
    wanted = {span.id for span in ancestors}
    parents = {span.id: span.parent_id for span in spans if span.parent_id != span.id}
    seen: set[str] = set()
    current = child.id
    while current and current not in seen:
        seen.add(current)
        if current in wanted:
            return True
        current = parents.get(current, "")
    return False


def unknown_parents(spans: Sequence[Span], root_parent: str = "") -> list[Span]:
    """Spans whose parent is neither in the trace nor `root_parent`; a root without parent is fine."""
    known = {span.id for span in spans} | {root_parent, ""}
    return [span for span in spans if span.parent_id not in known]
