"""`./mesh proxy-status`: every proxy, and of each type of resource whether it has the newest, and since when."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from typing import Any

from commands.control_plane import Replica, running_replicas, with_proxies
from commands.tables import columns
from toolchain.errors import UserError

SHORT = {"ClusterLoadAssignment": "Endpoint", "RouteConfiguration": "Route"}
"""Names for the heads of columns."""

Proxy = Mapping[str, Any]


def run(options: argparse.Namespace) -> int:
    """0 when every proxy has all it is to have, else 1. Raises UserError when a replica does not tell."""
    replicas = [with_proxies(replica) for replica in running_replicas()]
    silent = [replica.problem for replica in replicas if replica.problem]
    if silent:
        raise UserError(silent[0])
    found = proxies(replicas)
    print(json.dumps(found, indent=2) if options.output == "json" else as_text(found))
    return 0 if all(sent["state"] == "SYNCED" for proxy in found for sent in proxy["types"].values()) else 1


def proxies(replicas: Sequence[Replica]) -> list[Proxy]:
    """Those of all replicas, each with its `replica`, ordered by name."""
    found = [{**proxy, "replica": replica.pod} for replica in replicas for proxy in replica.proxies]
    return sorted(found, key=lambda proxy: (proxy["namespace"], proxy["pod"]))


def as_text(found: Sequence[Proxy]) -> str:
    """A table, and below it what proxies refused, with their words."""
    if not found:
        return "no proxy is connected"
    kinds = sorted({kind for proxy in found for kind in proxy["types"]})
    header = ("PROXY", "TYPE", *(SHORT.get(kind, kind).upper() for kind in kinds), "SINCE", "REPLICA")
    rows = [
        (
            f"{proxy['namespace']}/{proxy['pod']}",
            "gateway" if proxy["kind"] == "router" else str(proxy["kind"]),
            *(str(proxy["types"].get(kind, {}).get("state", "")) for kind in kinds),
            max((sent["since"] for sent in proxy["types"].values()), default=""),
            str(proxy["replica"]),
        )
        for proxy in found
    ]
    return "\n".join([*columns([header, *rows]), *_refusals(found)])


def _refusals(found: Sequence[Proxy]) -> list[str]:
    lines = [
        f"{proxy['namespace']}/{proxy['pod']} refused {kind} {name}: {' '.join(why.split())}"
        for proxy in found
        for kind, sent in proxy["types"].items()
        for name, why in sent["refused"].items()
    ]
    return ["", *lines] if lines else []
