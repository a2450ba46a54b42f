"""Supported fields that no manifest of the conformance suite sets, each with the reason."""

from __future__ import annotations

from collections.abc import Iterator


def _within(owner: str, names: str) -> Iterator[str]:
    return (f"{owner}.{name}" for name in names.split())


_POLICY = "DestinationRule.trafficPolicy"
_POOL = f"{_POLICY}.connectionPool"
_OUTLIER = f"{_POLICY}.outlierDetection"
_METRIC = "Telemetry.metrics.overrides.match.metric"

UNPROVEN: dict[str, frozenset[str]] = {
    "only when things happen would show it, and a busy machine keeps no upper bound": frozenset(
        (
            *_within(f"{_POLICY}.loadBalancer", "warmupDurationSecs"),
            *_within(f"{_POLICY}.loadBalancer.warmup", "duration minimumPercent aggression"),
            *_within(f"{_POOL}.tcp", "connectTimeout tcpKeepalive.probes tcpKeepalive.time tcpKeepalive.interval"),
            *_within(f"{_POOL}.http", "http2KeepAlive.interval http2KeepAlive.timeout"),
            "VirtualService.http.retries.backoff",
            "RequestAuthentication.jwtRules.timeout",
        )
    ),
    "it limits what happens at one moment, which a test cannot bring about exactly": frozenset(
        (*_within(f"{_POOL}.http", "maxRetries"),)
    ),
    "it needs a client or server of HTTP/2, which Python's library is not": frozenset(
        (
            *_within(f"{_POOL}.http", "maxConcurrentStreams"),
            *_within("Gateway.servers.port", "protocol=GRPC protocol=GRPC-WEB protocol=HTTP2 protocol=HTTP_PROXY"),
        )
    ),
    "it needs nodes in several places, or more than two endpoints": frozenset(
        (
            *_within("VirtualService.http.retries", "retryRemoteLocalities retryIgnorePreviousHosts"),
            *_within(_OUTLIER, "minHealthPercent"),
        )
    ),
    "a neighbour that goes through the same code is proven": frozenset(
        (
            *_within(_OUTLIER, "consecutiveErrors"),
            *_within("Gateway.servers.tls.tlsCertificates", "caCertificates"),
            *_within("Sidecar", "outboundTrafficPolicy.egressProxy.subset"),
            *_within("Telemetry.tracing", "providers.name"),
            *(f"{_METRIC}={metric}" for metric in ("ALL_METRICS", "REQUEST_DURATION", "RESPONSE_SIZE")),
            "ServiceEntry.endpoints.locality",
            "ServiceEntry.endpoints.serviceAccount",
            "WorkloadEntry.locality",
            "WorkloadEntry.weight",
            "Telemetry.metrics.overrides.match.customMetric",
        )
    ),
    "nobody has written the test yet": frozenset(
        (
            "Gateway.servers.bind",
            "ProxyConfig.image.imageType",
        )
    ),
}
"""By reason. Names are as in SUPPORTED; those that stand in several places by the one that stands for all."""
