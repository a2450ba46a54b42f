"""The TCP proxy filter, for everything that is not HTTP."""

from collections.abc import Sequence
from typing import Any

from envoy.extensions.filters.network.tcp_proxy.v3 import tcp_proxy_pb2

from meshd.model.destination import TrafficPolicy
from meshd.networking.listeners.telemetry.reporter import Reporter
from meshd.networking.names import BLACK_HOLE_CLUSTER
from meshd.networking.proto import duration, extension

Weighted = list[tuple[str, int]]
"""(cluster, weight) pairs."""


def tcp_proxy(clusters: Weighted, reporter: Reporter, more_logs: Sequence[Any] = (), **settings: Any) -> dict[str, Any]:
    """A network filter that forwards bytes to one of `clusters`, chosen by weight for each connection."""
    logs = [*reporter.tcp_access_logs(), *more_logs]
    proxy = tcp_proxy_pb2.TcpProxy(stat_prefix=clusters[0][0], access_log=logs, **settings)
    if len(clusters) == 1:
        proxy.cluster = clusters[0][0]
    else:
        for name, weight in clusters:
            proxy.weighted_clusters.clusters.add(name=name, weight=weight)
    return extension("envoy.filters.network.tcp_proxy", proxy)


def policy_settings(policy: TrafficPolicy, alone: bool) -> dict[str, Any]:
    """What a DestinationRule says of TCP connections. Only a destination that is `alone` has a tunnel, as in Istio."""
    settings: dict[str, Any] = {}
    pool, hashing = policy.connection_pool, policy.consistent_hash
    if pool is not None and pool.tcp_idle_timeout is not None:
        settings["idle_timeout"] = duration(pool.tcp_idle_timeout)
    if pool is not None and pool.max_connection_duration:
        settings["max_downstream_connection_duration"] = duration(pool.max_connection_duration)
    if hashing is not None and hashing.source_ip:
        settings["hash_policy"] = [{"source_ip": {}}]
    if policy.tunnel is not None and alone:
        settings["tunneling_config"] = {"hostname": policy.tunnel.target, "use_post": policy.tunnel.use_post}
    return settings


def black_hole() -> dict[str, Any]:
    """A network filter that closes the connection."""
    proxy = tcp_proxy_pb2.TcpProxy(stat_prefix=BLACK_HOLE_CLUSTER, cluster=BLACK_HOLE_CLUSTER)
    return extension("envoy.filters.network.tcp_proxy", proxy)
