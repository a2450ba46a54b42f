"""The listener that the kubelet probes: the proxy's own readiness and the rewritten probes of the app."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from meshd.inject.capture import INBOUND_SOURCE
from meshd.inject.http_listener import build_get_route, build_http_listener
from meshd.inject.probes import ProbeKind, ProbeTarget
from meshd.inject.settings import HEALTH_PORT

Json = dict[str, Any]
READY_PATH = "/healthz/ready"
CHECKED_PREFIX = "probe-check-"
"""Of the names of clusters that are asked by active health checks."""
_TYPE = "type.googleapis.com/envoy.extensions"


def build_health_listener(probes: Sequence[ProbeTarget], admin_cluster: str) -> Json:
    requests = [probe for probe in probes if probe.asks_by_request]
    checks = [probe for probe in probes if not probe.asks_by_request]
    routes = [build_get_route(READY_PATH, admin_cluster, "/ready")]
    routes += [build_get_route(each.path, _cluster_name(each), literal(each.app_path)) for each in requests]
    return build_http_listener("health", HEALTH_PORT, routes, [_health_check_filter(each) for each in checks])


def build_probe_clusters(probes: Sequence[ProbeTarget]) -> list[Json]:
    """One cluster for each port and way to ask it."""
    return list({_cluster_name(probe): _probe_cluster(probe) for probe in probes}.values())


def _cluster_name(probe: ProbeTarget) -> str:
    """Probes that are active health checks have a cluster each, since each has a period of its own."""
    if probe.asks_by_request:
        return f"probe-{probe.kind.value}-{probe.port}"
    return f"{CHECKED_PREFIX}{probe.kind.value}{probe.path.replace('/', '-')}"


def _health_check_filter(probe: ProbeTarget) -> Json:
    """Answers 200 while the cluster's one endpoint is healthy, else 503."""
    return {
        "name": f"health{probe.path.replace('/', '-')}",
        "typed_config": {
            "@type": f"{_TYPE}.filters.http.health_check.v3.HealthCheck",
            "pass_through_mode": False,
            "headers": [{"name": ":path", "string_match": {"exact": probe.path}}],
            "cluster_min_healthy_percentages": {_cluster_name(probe): {"value": 100}},
        },
    }


def _probe_cluster(probe: ProbeTarget) -> Json:
    """The app at the pod's own address, where it is probed without a mesh too.

    Its source address keeps the connection from being captured.
    """
    address = {"socket_address": {"address": "$(POD_IP)", "port_value": probe.port}}
    cluster: Json = {
        "name": _cluster_name(probe),
        "type": "STATIC",
        "connect_timeout": "10s" if probe.asks_by_request else f"{probe.timeout}s",
        "upstream_bind_config": {"source_address": {"address": INBOUND_SOURCE, "port_value": 0}},
        "load_assignment": {
            "cluster_name": _cluster_name(probe),
            "endpoints": [{"lb_endpoints": [{"endpoint": {"address": address}}]}],
        },
    }
    if probe.kind is ProbeKind.HTTPS:
        cluster["transport_socket"] = _unverified_tls()
    elif probe.kind is ProbeKind.TCP:
        cluster["health_checks"] = [_timing(probe) | {"tcp_health_check": {}}]
    elif probe.kind is ProbeKind.GRPC:
        check = {"service_name": literal(probe.service)} if probe.service else {}
        cluster["health_checks"] = [_timing(probe) | {"grpc_health_check": check}]
        cluster["typed_extension_protocol_options"] = _http2()
    return cluster


def _timing(probe: ProbeTarget) -> Json:
    """As often as the kubelet asks, whose own thresholds then count."""
    period = f"{probe.period}s"
    return {
        "timeout": f"{probe.timeout}s",
        "interval": period,
        "no_traffic_interval": period,
        "unhealthy_interval": "1s",
        "unhealthy_threshold": 1,
        "healthy_threshold": 1,
        "reuse_connection": False,
    }


def _unverified_tls() -> Json:
    """Like the kubelet, which verifies no certificate of a probed app."""
    context = {"@type": f"{_TYPE}.transport_sockets.tls.v3.UpstreamTlsContext"}
    return {"name": "envoy.transport_sockets.tls", "typed_config": context}


def _http2() -> Json:
    options = {
        "@type": f"{_TYPE}.upstreams.http.v3.HttpProtocolOptions",
        "explicit_http_config": {"http2_protocol_options": {}},
    }
    return {"envoy.extensions.upstreams.http.v3.HttpProtocolOptions": options}


def literal(text: str) -> str:
    """`text` that Kubernetes' expansion of $(NAME) in arguments leaves as it is."""
    return text.replace("$", "$$")
