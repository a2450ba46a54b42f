"""The two kinds of callers that a rule for the mesh and a gateway may have."""

from __future__ import annotations

import pytest

from conformance.backends import Backends, GatewayEntrance
from conformance.calls import Target

CALLERS = ("mesh", "gateway")
"""Parameters of a fixture that calls `reached`."""


def reached(request: pytest.FixtureRequest, backends: Backends, host: str, service: str = "") -> Target:
    """`service` (by itself `host`) from a pod, or `host` through the gateway, as the fixture's parameter says.

    The gateway is asked for only where it is meant: a mesh without one is judged from inside.
    """
    if request.param == "mesh":
        return backends.service(service or host)
    entrance: GatewayEntrance = request.getfixturevalue("gateway")
    return entrance.host(host)
