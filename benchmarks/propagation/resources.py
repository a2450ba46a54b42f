"""What a client reads in resources to know what to ask for next. Pure; what proxies get alike is read once."""

from __future__ import annotations

from functools import lru_cache

from envoy.config.cluster.v3 import cluster_pb2
from envoy.config.listener.v3 import listener_pb2
from envoy.config.route.v3 import route_pb2
from envoy.extensions.filters.network.http_connection_manager.v3 import http_connection_manager_pb2

_PREFIX = "type.googleapis.com/envoy.config."
CLUSTER = f"{_PREFIX}cluster.v3.Cluster"
ENDPOINT = f"{_PREFIX}endpoint.v3.ClusterLoadAssignment"
LISTENER = f"{_PREFIX}listener.v3.Listener"
ROUTE = f"{_PREFIX}route.v3.RouteConfiguration"
VIRTUAL_HOST = f"{_PREFIX}route.v3.VirtualHost"

KEPT = 16_384
"""Resources whose reading is remembered."""


@lru_cache(KEPT)
def endpoints_of(cluster: bytes) -> str:
    """The name to ask for the cluster's endpoints with; empty where it needs none."""
    found = cluster_pb2.Cluster.FromString(cluster)
    if found.type != cluster_pb2.Cluster.EDS:
        return ""
    return str(found.eds_cluster_config.service_name or found.name)


@lru_cache(KEPT)
def routes_of(listener: bytes) -> frozenset[str]:
    """Names of the route configurations that the listener asks for."""
    found = listener_pb2.Listener.FromString(listener)
    chains = [*found.filter_chains, *([found.default_filter_chain] if found.HasField("default_filter_chain") else ())]
    names: set[str] = set()
    for one in (one for chain in chains for one in chain.filters):
        if one.typed_config.Is(http_connection_manager_pb2.HttpConnectionManager.DESCRIPTOR):
            manager = http_connection_manager_pb2.HttpConnectionManager.FromString(one.typed_config.value)
            if manager.HasField("rds"):
                names.add(manager.rds.route_config_name)
    return frozenset(names)


@lru_cache(KEPT)
def uses_vhds(route: bytes) -> bool:
    """True when the virtual hosts come one by one."""
    return bool(route_pb2.RouteConfiguration.FromString(route).HasField("vhds"))
