"""docs/architecture.md names the rooms and ports that there are."""

from __future__ import annotations

import re
import tomllib

from meshd.inject import settings as proxy
from meshd.networking.names import INBOUND_PORT, OUTBOUND_PORT
from meshd.runtime import settings as meshd
from meshd.xds.authentication import AUDIENCE
from tests.docs.pages import DOCS, REPOSITORY, first_cells, section

PAGE = DOCS / "architecture.md"
NO_ROOMS = {"docs"}
"""Folders that are no room of the product."""


def test_rooms_are_those_of_the_repository() -> None:
    listed = [name for name in first_cells(section(PAGE, "Rooms")) if "/" not in name]
    folders = {path.parent.name for path in REPOSITORY.glob("*/__init__.py")} | {"examples", "mesh"}
    assert set(listed) == folders - NO_ROOMS


def test_rooms_of_meshd_are_in_the_order_of_their_contract() -> None:
    listed = [name.partition("/")[2] for name in first_cells(section(PAGE, "Rooms")) if name.startswith("meshd/")]
    contracts = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    layers = next(c["layers"] for c in contracts if c["name"] == "meshd: imports point one way")
    depth = {name: number for number, layer in enumerate(layers) for name in re.findall(r"meshd\.(\w+)", layer)}
    assert set(listed) == set(depth)
    assert [depth[name] for name in listed] == sorted(depth[name] for name in listed)


def test_ports_are_those_that_are_listened_on() -> None:
    ports = [int(port) for port in re.findall(r"^\| (\d+) \|", section(PAGE, "Who listens where"), re.MULTILINE)]
    assert ports == [
        OUTBOUND_PORT,
        INBOUND_PORT,
        proxy.HEALTH_PORT,
        proxy.METRICS_PORT,
        proxy.ADMIN_PORT,
        meshd.XDS_PORT,
        meshd.WEBHOOK_PORT,
        meshd.MONITORING_PORT,
        meshd.ADMIN_PORT,
    ]
    assert (OUTBOUND_PORT, INBOUND_PORT) == (proxy.OUTBOUND_PORT, proxy.INBOUND_PORT)


def test_the_audience_is_named() -> None:
    assert f"audience `{AUDIENCE}`" in section(PAGE, "Who is believed")
