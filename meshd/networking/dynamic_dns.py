"""Hosts that are looked up when they are asked for: the names of a wildcard, one by one.

The filter looks up the name that a request or a TLS client asks for, the cluster connects to what was found. Envoy
demands that all of them have the same cache.
https://www.envoyproxy.io/docs/envoy/latest/intro/arch_overview/http/http_proxy#arch-overview-http-dynamic-forward-proxy
https://istio.io/latest/docs/reference/config/networking/service-entry/#ServiceEntry-Resolution (DYNAMIC_DNS)
"""

from collections.abc import Iterable
from typing import Any

from envoy.extensions.clusters.dynamic_forward_proxy.v3 import cluster_pb2
from envoy.extensions.common.dynamic_forward_proxy.v3 import dns_cache_pb2
from envoy.extensions.filters.http.dynamic_forward_proxy.v3 import dynamic_forward_proxy_pb2
from envoy.extensions.filters.network.sni_dynamic_forward_proxy.v3 import sni_dynamic_forward_proxy_pb2

from meshd.model.memo import Reader
from meshd.model.route import WeightedDestination
from meshd.model.service import Resolution
from meshd.model.tables import SERVICES
from meshd.networking.dns import AFTER_FAILURE, REFRESH
from meshd.networking.proto import extension
from meshd.networking.routes.upstream import Upstreams

_CACHE = dns_cache_pb2.DnsCacheConfig(
    name="dynamic_dns",
    dns_lookup_family="V4_PREFERRED",
    dns_refresh_rate=REFRESH,
    dns_failure_refresh_rate=AFTER_FAILURE,
)
_CLUSTER = extension(
    "envoy.clusters.dynamic_forward_proxy",
    cluster_pb2.ClusterConfig(dns_cache_config=_CACHE, allow_insecure_cluster_options=True),
)
_HTTP_FILTER = extension(
    "envoy.filters.http.dynamic_forward_proxy", dynamic_forward_proxy_pb2.FilterConfig(dns_cache_config=_CACHE)
)


def dynamic_dns_cluster() -> dict[str, Any]:
    """Fields of a cluster. Without a DestinationRule's TLS nothing is encrypted, so nothing is verified either."""
    return {"cluster_type": _CLUSTER, "lb_policy": "CLUSTER_PROVIDED"}


def dynamic_dns_http_filters(read: Reader) -> list[dict[str, Any]]:
    """For every client, where there are such hosts at all: rules may lead to them. Requests to others pass them by."""
    return [_HTTP_FILTER] if read.find(SERVICES, "dynamic", True) else []


def dynamic_dns_network_filters(
    upstreams: Upstreams, destinations: Iterable[WeightedDestination]
) -> list[dict[str, Any]]:
    """For TLS to one of `destinations`, in front of what forwards it; none where no such host is among them."""
    for each in destinations:
        service = upstreams.service(each.destination)
        port = service.port(upstreams.port(each.destination)) if service else None
        if service is not None and service.resolution is Resolution.DYNAMIC_DNS and port is not None:
            return [_network_filter(int(port.target_port))]
    return []


def _network_filter(port: int) -> dict[str, Any]:
    config = sni_dynamic_forward_proxy_pb2.FilterConfig(dns_cache_config=_CACHE, port_value=port)
    return extension("envoy.filters.network.sni_dynamic_forward_proxy", config)
