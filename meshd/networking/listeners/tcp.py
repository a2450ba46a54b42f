"""The TCP proxy filter, for everything that is not HTTP."""

from typing import Any

from envoy.extensions.filters.network.tcp_proxy.v3 import tcp_proxy_pb2

from meshd.networking.listeners.telemetry import tcp_access_logs
from meshd.networking.names import BLACK_HOLE_CLUSTER
from meshd.networking.proto import extension

Weighted = list[tuple[str, int]]
"""(cluster, weight) pairs."""


def tcp_proxy(clusters: Weighted, tags: dict[str, str], log_text: bool) -> dict[str, Any]:
    """A network filter that forwards bytes to one of `clusters`, chosen by weight for each connection."""
    proxy = tcp_proxy_pb2.TcpProxy(stat_prefix=clusters[0][0], access_log=tcp_access_logs(tags, log_text))
    if len(clusters) == 1:
        proxy.cluster = clusters[0][0]
    else:
        for name, weight in clusters:
            proxy.weighted_clusters.clusters.add(name=name, weight=weight)
    return extension("envoy.filters.network.tcp_proxy", proxy)


def black_hole() -> dict[str, Any]:
    """A network filter that closes the connection."""
    proxy = tcp_proxy_pb2.TcpProxy(stat_prefix=BLACK_HOLE_CLUSTER, cluster=BLACK_HOLE_CLUSTER)
    return extension("envoy.filters.network.tcp_proxy", proxy)
