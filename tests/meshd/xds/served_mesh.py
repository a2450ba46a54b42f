"""A control plane that serves what it is given, and resources for it."""

import socket
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from envoy.config.cluster.v3 import cluster_pb2
from envoy.config.endpoint.v3 import endpoint_pb2
from envoy.config.listener.v3 import listener_pb2
from envoy.config.route.v3 import route_components_pb2, route_pb2
from envoy.extensions.filters.http.router.v3 import router_pb2
from envoy.extensions.filters.network.http_connection_manager.v3 import http_connection_manager_pb2 as hcm_pb2

from meshd.model.memo import Reader
from meshd.model.reference import ObjectRef
from meshd.model.resource import (
    CLUSTER,
    ENDPOINT,
    LISTENER,
    ROUTE,
    TYPE_URLS,
    VIRTUAL_HOST,
    Resource,
    Scope,
)
from meshd.model.service import Workload
from meshd.model.store import Store
from meshd.model.tables import WORKLOADS, Table
from meshd.networking.engine import Engine, Generator
from meshd.networking.proto import ADS, duration, extension, resource
from meshd.pki.authority import CertificateAuthority, create_root, serving_certificate
from meshd.pki.workload import WorkloadCertificates
from meshd.xds.authentication import PodIdentity, TokenAuthenticator, Unauthenticated
from meshd.xds.publisher import Publisher
from meshd.xds.server import AdsServer
from meshd.xds.stream import Stream

POD = Workload("shop", "cart-1", "u1", "127.0.0.1", (("app", "cart"),), "cart", "cart", True)
NODE = "sidecar~127.0.0.1~cart-1.shop~shop.svc.cluster.local"


def free_ports(count: int) -> list[int]:
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [listening.getsockname()[1] for listening in sockets]


PROXY_PORT, TLS_PORT, ADMIN_PORT = free_ports(3)
WAIT_SECONDS = 20.0
BOTH_DIALECTS = pytest.mark.parametrize("api_type", ["DELTA_GRPC", "GRPC"])
STATIC: Table[Resource] = Table("static")
"""Ready-made resources under "<type_url> <name>"."""


def static_generator(type_url: str) -> Generator:
    def items(read: Reader, scope: Scope) -> tuple[str, ...]:
        prefix = f"{type_url} "
        keys = sorted(read._store._rows.get(STATIC, ()))
        read.all(STATIC)
        return tuple(key for key in keys if key.startswith(prefix))

    def build(read: Reader, scope: Scope, item: Any) -> Resource | None:
        return read.get(STATIC, item)

    return Generator(type_url, lambda read, proxy: (type_url,), items, build)


class FakeReviewer:
    async def review(self, token: str) -> PodIdentity:
        if token != "the token":
            raise Unauthenticated("not a token of the test")
        return PodIdentity("shop", "cart", "cart-1", "u1")


@dataclass
class Counts:
    refusals: list[tuple[str, bool]] = field(default_factory=list)

    def streams(self, count: int) -> None: ...

    def pushed(self, seconds: float) -> None: ...

    def refused(self, type_url: str, isolated: bool) -> None:
        self.refusals.append((type_url, isolated))


class Mesh:
    """A control plane that serves what `put` is given, and an upstream that answers "ok"."""

    def __init__(self, ttl: timedelta) -> None:
        self.authority = CertificateAuthority(*create_root("test root", timedelta(days=2)))
        self.certificates = WorkloadCertificates(self.authority, "cluster.local", ttl)
        engine = Engine(Store(), [static_generator(type_url) for type_url in TYPE_URLS])
        self.publisher = Publisher(engine, self.certificates)
        self.counts = Counts()
        self.publisher.apply([(WORKLOADS, POD.key, POD)])
        self.shown = serving_certificate(self.authority, ["localhost"], timedelta(days=1))
        self.upstream_port = 0

    def server(self) -> AdsServer[PodIdentity]:
        admission = TokenAuthenticator(FakeReviewer(), self.publisher.arrivals.workload, patience=1.0)
        return AdsServer(self.publisher, admission, self.counts)

    def apply(self, *made: tuple[str, Resource | str]) -> None:
        """(type_url, a resource to add or change, or the name of one to remove) in one round."""
        self.publisher.apply(
            [
                (STATIC, f"{type_url} {what.name if isinstance(what, Resource) else what}",
                 what if isinstance(what, Resource) else None)
                for type_url, what in made
            ]
        )  # fmt: skip

    @property
    def stream(self) -> Stream:
        (stream,) = self.publisher.streams
        return stream

    def cluster(self, name: str, **more: Any) -> tuple[str, Resource]:
        message = cluster_pb2.Cluster(
            name=name,
            type=cluster_pb2.Cluster.EDS,
            eds_cluster_config={"eds_config": ADS},
            connect_timeout=duration(1),
            **more,
        )
        return CLUSTER, resource(name, message)

    def endpoint(self, name: str) -> tuple[str, Resource]:
        socket = {"address": "127.0.0.1", "port_value": self.upstream_port}
        host = {"endpoint": {"address": {"socket_address": socket}}}
        message = endpoint_pb2.ClusterLoadAssignment(cluster_name=name, endpoints=[{"lb_endpoints": [host]}])
        return ENDPOINT, resource(name, message)


def virtual_host(name: str, cluster: str, *domains: str, **route: Any) -> tuple[str, Resource]:
    action = {"match": {"prefix": "/"}, "route": {"cluster": cluster}, **route}
    message = route_components_pb2.VirtualHost(name=f"80/{name}", domains=domains or [name], routes=[action])
    ref = ObjectRef("VirtualService", "shop", name)
    return VIRTUAL_HOST, resource(f"80/{name}", message, [ref])


def route_configuration(**more: Any) -> tuple[str, Resource]:
    message = route_pb2.RouteConfiguration(name="80", vhds={"config_source": ADS}, **more)
    return ROUTE, resource("80", message)


def http_listener(name: str, port: int, **chain: Any) -> tuple[str, Resource]:
    manager = hcm_pb2.HttpConnectionManager(
        stat_prefix=name,
        rds={"route_config_name": "80", "config_source": ADS},
        http_filters=[extension("envoy.filters.http.router", router_pb2.Router())],
    )
    filters = [extension("envoy.filters.network.http_connection_manager", manager)]
    message = listener_pb2.Listener(
        name=name,
        address={"socket_address": {"address": "127.0.0.1", "port_value": port}},
        filter_chains=[{"filters": filters, **chain}],
    )
    return LISTENER, resource(name, message)


def shop(mesh: Mesh) -> list[tuple[str, Resource | str]]:
    return [
        mesh.cluster("a"),
        mesh.endpoint("a"),
        http_listener("http", PROXY_PORT),
        route_configuration(),
        virtual_host("svc1", "a"),
        virtual_host("svc2", "a"),
    ]
