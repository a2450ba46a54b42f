"""What is shown at the end: what was found, and where the pages are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from commands import pulumi
from commands.results import Result
from commands.session import Session

PAGES = {"shopUrl": "shop", "prometheusUrl": "Prometheus", "zipkinUrl": "Zipkin"}


def addresses(session: Session) -> dict[str, str]:
    """Page → URL, from the stack's outputs."""
    found = pulumi.outputs(session.environment)
    return {title: str(found[key]) for key, title in PAGES.items() if found.get(key)}


def table(results: Sequence[Result], pages: Mapping[str, str], seconds: float) -> str:
    """Plain text, one line for each."""
    rows = [("✓" if result.passed else "✗", result.name, result.detail) for result in results]
    rows += [(" ", title, url) for title, url in pages.items()]
    width = max((len(row[1]) for row in rows), default=0)
    lines = [f"{mark} {title:<{width}}  {text}".rstrip() for mark, title, text in rows]
    state = "up" if all(result.passed for result in results) else "up, but not as it should be"
    return "\n".join(["", *lines, "", f"mesh is {state} ({seconds:.0f} s); see also ./mesh status"])
