"""Whatever people write, requests go where Istio's documentation says."""

import json
from fractions import Fraction
from typing import Any

from envoy.config.route.v3 import route_components_pb2
from google.protobuf.json_format import MessageToDict
from hypothesis import given, settings
from hypothesis import strategies as st

from meshd.model.delegation import Delegation
from meshd.model.resource import VIRTUAL_HOST
from meshd.model.tables import ROUTE_RULES
from meshd.networking.engine import Engine
from tests.meshd.networking.mesh_of import changes_of, messages_of, resources_of
from tests.meshd.networking.simulator.cases import CLIENT, engine_with
from tests.meshd.networking.simulator.oracle import Client, expected
from tests.meshd.networking.simulator.proxy import Proxy
from tests.meshd.networking.simulator.request import Outcome
from tests.meshd.networking.simulator.strategies import REQUESTS, leaves, specs

FRONTEND = Client("shop", {"app": "frontend", "version": "v1"})
SERVICE = {"outbound|9080||reviews.shop.svc.cluster.local": Fraction(1)}
PORTS = {"reviews": 9080, "frontend": 80}


def named(name: str, spec: dict[str, Any], created: int) -> str:
    meta = {"name": name, "namespace": "shop", "creationTimestamp": f"2024-01-0{created}T00:00:00Z"}
    return json.dumps(
        {"apiVersion": "networking.istio.io/v1", "kind": "VirtualService", "metadata": meta, "spec": spec}
    )


class Mesh:
    """The shop, with VirtualServices that come and go."""

    def __init__(self) -> None:
        self.engine: Engine = engine_with()
        self.delegation = Delegation()
        self.frame = resources_of(self.engine, CLIENT)

    def proxy_under(self, *texts: str) -> Proxy:
        self.engine.apply(self.delegation.admit(changes_of("\n---\n".join(texts))))
        hosts = messages_of(self.engine, CLIENT, VIRTUAL_HOST)
        return Proxy({**self.frame, "VirtualHost": {host.name: MessageToDict(host) for host in map(unpacked, hosts)}})

    def clear(self, *names: str) -> None:
        self.engine.apply(self.delegation.admit([(ROUTE_RULES, f"shop/{name}", None) for name in names]))


def unpacked(packed: Any) -> route_components_pb2.VirtualHost:
    host = route_components_pb2.VirtualHost()
    assert packed.Unpack(host)
    return host


MESH = Mesh()


def as_clusters(outcome: Outcome) -> dict[str, Any]:
    """Hosts as the names of their clusters."""
    return {f"outbound|{PORTS[host.partition('.')[0]]}||{host}": share for host, share in outcome.clusters.items()}


@settings(max_examples=200, deadline=None)
@given(st.lists(specs, min_size=1, max_size=2), leaves)
def test_requests_go_where_istios_documentation_says(
    virtual_services: list[dict[str, Any]], leaf: dict[str, Any]
) -> None:
    objects = [named(f"v{number}", spec, number + 1) for number, spec in enumerate(virtual_services)]
    try:
        proxy = MESH.proxy_under(*objects, named("leaf", leaf, 9))
        for request in REQUESTS:
            found = proxy.send(request)
            wanted = expected(virtual_services, {"leaf": leaf}, request, FRONTEND)
            if wanted is None:
                assert found.clusters == SERVICE
                assert found.path == request.path
                continue
            assert found.clusters == as_clusters(wanted)
            for field in ("status", "location", "host", "path", "headers", "response_headers"):
                assert getattr(found, field) == getattr(wanted, field), f"{field} of {request}"
    finally:
        MESH.clear("v0", "v1", "leaf")
