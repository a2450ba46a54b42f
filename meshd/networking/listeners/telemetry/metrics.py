"""Metrics with Istio's names and labels, from Envoy's stats access logger.

Prometheus shows them as `envoy_istio_requests_total` and so on and drops the first word when it scrapes. Both sides
of a request report: the client's proxy as reporter="source", the server's as reporter="destination".
https://istio.io/latest/docs/reference/config/metrics/
"""

from collections.abc import Mapping, Sequence
from typing import Any

from envoy.extensions.access_loggers.stats.v3 import stats_pb2

from meshd.model.telemetry import MetricOverride
from meshd.networking.listeners.telemetry.values import format_of
from meshd.networking.proto import extension

Labels = Mapping[str, str]
"""Formats of Envoy by the label's name."""
Changes = Sequence[MetricOverride]

_OWN = {
    "workload": "%ENVIRONMENT(ISTIO_META_WORKLOAD_NAME)%",
    "workload_namespace": "%ENVIRONMENT(ISTIO_META_NAMESPACE)%",
    "app": "%ENVIRONMENT(ISTIO_META_APP)%",
    "version": "%ENVIRONMENT(ISTIO_META_VERSION)%",
    "principal": "%ENVIRONMENT(ISTIO_META_PRINCIPAL)%",
}
_SERVER = {
    "workload": "%METADATA(UPSTREAM_HOST:istio:workload)%",
    "workload_namespace": "%METADATA(UPSTREAM_HOST:istio:namespace)%",
    "app": "%METADATA(UPSTREAM_HOST:istio:app)%",
    "version": "%METADATA(UPSTREAM_HOST:istio:version)%",
    "principal": "%UPSTREAM_PEER_URI_SAN%",
}
_CLIENT = {"subject": "%DOWNSTREAM_PEER_SUBJECT%", "principal": "%DOWNSTREAM_PEER_URI_SAN%"}
_SERVICE = {
    "destination_service": "%METADATA(CLUSTER:istio:host)%",
    "destination_service_name": "%METADATA(CLUSTER:istio:name)%",
    "destination_service_namespace": "%METADATA(CLUSTER:istio:namespace)%",
}
_FILLED_IN = frozenset((*(f"{side}_{name}" for side in ("source", "destination") for name in (*_OWN,)), *_SERVICE))
"""Labels that Prometheus fills in when it scrapes: those that are missing, it takes for unknown."""
REMOVED = "-removed"
"""The value of such a label that is not wanted: Prometheus leaves it out."""
_HTTP = {
    "response_code": "%RESPONSE_CODE%",
    "response_flags": "%RESPONSE_FLAGS%",
    "grpc_response_status": "%GRPC_STATUS_NUMBER%",
}


def outbound_labels() -> dict[str, str]:
    """Labels that a client's proxy (or a gateway) knows."""
    return {
        "reporter": "source",
        **{f"source_{name}": value for name, value in _OWN.items()},
        **{f"destination_{name}": value for name, value in _SERVER.items()},
        **_SERVICE,
        "connection_security_policy": "unknown",
    }


def inbound_labels(mutual_tls: bool) -> dict[str, str]:
    """Labels that a server's proxy knows.

    The peer's certificate tells who the client is, in its subject; its SNI tells which service it called, where the
    workload is behind several.
    """
    service = {"destination_service": "%REQUESTED_SERVER_NAME%"} if mutual_tls else _SERVICE
    return {
        "reporter": "destination",
        **{f"source_{name}": value for name, value in _CLIENT.items()},
        **{f"destination_{name}": value for name, value in _OWN.items()},
        **service,
        "connection_security_policy": "mutual_tls" if mutual_tls else "none",
    }


def http_metrics(labels: Labels, protocol: str, changes: Changes) -> list[dict[str, Any]]:
    """The stats logger of an HTTP connection manager; none when all its metrics are turned off."""
    labels = {**labels, **_HTTP, "request_protocol": protocol}
    config = stats_pb2.Config(
        stat_prefix="istio",
        counters=_counters(labels, changes, {"requests_total": ""}),
        histograms=[
            *_histogram("request_duration_milliseconds", labels, changes, "%DURATION%", "Milliseconds"),
            *_histogram("request_bytes", labels, changes, "%BYTES_RECEIVED%", "Bytes"),
            *_histogram("response_bytes", labels, changes, "%BYTES_SENT%", "Bytes"),
        ],
    )
    return _logger(config)


def tcp_metrics(labels: Labels, changes: Changes) -> list[dict[str, Any]]:
    """The stats logger of a TCP proxy: one record when the connection ends."""
    labels = {**labels, "request_protocol": "tcp", "response_flags": "%RESPONSE_FLAGS%"}
    values = {
        "tcp_connections_opened_total": "",
        "tcp_connections_closed_total": "",
        "tcp_sent_bytes_total": "%BYTES_SENT%",
        "tcp_received_bytes_total": "%BYTES_RECEIVED%",
    }
    return _logger(stats_pb2.Config(stat_prefix="istio", counters=_counters(labels, changes, values)))


def _counters(labels: Labels, changes: Changes, values: Mapping[str, str]) -> list[dict[str, Any]]:
    """Counters that grow by what a format says, or by one."""
    return [
        {"stat": stat, **({"value_format": value} if value else {"value_fixed": {"value": 1}})}
        for name, value in values.items()
        for stat in _stat(name, labels, changes)
    ]


def _histogram(name: str, labels: Labels, changes: Changes, value: str, unit: str) -> list[dict[str, Any]]:
    return [{"stat": stat, "value_format": value, "unit": unit} for stat in _stat(name, labels, changes)]


def _stat(name: str, labels: Labels, changes: Changes) -> list[dict[str, Any]]:
    """The name and labels of a metric as they are after `changes`; none when it is turned off."""
    made, disabled = dict(labels), False
    for change in changes:
        if name in change.metrics or not change.metrics:
            disabled = disabled if change.disabled is None else change.disabled
            made.update({label: format_of(value) for label, value in change.tags if value is not None})
            for label in (label for label, value in change.tags if value is None):
                made.pop(label, None)
                made.update({label: REMOVED} if label in _FILLED_IN else {})
    tags = [{"name": key, "value_format": value} for key, value in made.items()]
    return [] if disabled else [{"name": name, "tags": tags}]


def _logger(config: stats_pb2.Config) -> list[dict[str, Any]]:
    return [extension("envoy.access_loggers.stats", config)] if config.counters or config.histograms else []
