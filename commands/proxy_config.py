"""`./mesh proxy-config`: what the control plane gives one proxy, as tables or as Envoy's own configuration in JSON."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote

from commands import envoy_tables
from commands.control_plane import ask_all
from commands.names import qualified
from commands.tables import Row, columns

Entry = Mapping[str, Any]
"""One resource as meshd's admin API tells of it."""

TYPES: Mapping[str, tuple[tuple[str, ...], Row, Callable[[Entry], list[Row]]]] = {
    "listeners": (("Listener",), ("ADDRESS", "PORT", "MATCH", "LEADS TO"), envoy_tables.listener),
    "routes": (
        ("RouteConfiguration", "VirtualHost"),
        ("ROUTE", "HOSTS", "MATCH", "LEADS TO"),
        envoy_tables.route,
    ),
    "clusters": (("Cluster",), ("SERVICE", "PORT", "SUBSET", "DIRECTION", "TYPE"), envoy_tables.cluster),
    "endpoints": (
        ("ClusterLoadAssignment",),
        ("ENDPOINT", "WEIGHT", "PRIORITY", "LOCALITY", "ITS WEIGHT", "CLUSTER"),
        envoy_tables.endpoint,
    ),
    "secrets": (("Secret",), ("NAME", "KIND", "IDENTITY", "NOT AFTER", "SERIAL"), envoy_tables.secret),
}
"""What is asked for, the head of its table, and the rows of one resource."""


def run(options: argparse.Namespace) -> int:
    """Raises UserError when no replica has such a proxy."""
    pod = qualified(options.pod)
    kinds, header, rows_of = TYPES[options.type]
    entries = [entry for kind in kinds for entry in ask_all(f"/config/{quote(pod)}?type={kind}")]
    print(json.dumps(entries, indent=2) if options.output == "json" else as_text(header, rows_of, entries))
    return 0


def as_text(header: Row, rows_of: Callable[[Entry], list[Row]], entries: list[Entry]) -> str:
    """The table, with the objects each resource was made from; "!" marks what the proxy refused."""
    rows = [(*row, _made_from(entry)) for entry in entries for row in rows_of(entry)]
    return "\n".join(columns([(*header, "MADE FROM"), *rows]))


def _made_from(entry: Entry) -> str:
    sources = ", ".join(entry["sources"])
    return f"! refused: {sources}" if entry["refused"] else sources
