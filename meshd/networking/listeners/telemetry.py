"""Metrics with Istio's names and labels, from Envoy's stats access logger.

Prometheus shows them as `envoy_istio_requests_total` and so on and drops the first word when it scrapes. Both sides
of a request report: the client's proxy as reporter="source", the server's as reporter="destination".
https://istio.io/latest/docs/reference/config/metrics/
"""

from typing import Any

from envoy.config.accesslog.v3 import accesslog_pb2
from envoy.extensions.access_loggers.stats.v3 import stats_pb2
from envoy.extensions.access_loggers.stream.v3 import stream_pb2

from meshd.networking.proto import extension

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
_HTTP = {
    "response_code": "%RESPONSE_CODE%",
    "response_flags": "%RESPONSE_FLAGS%",
    "grpc_response_status": "%GRPC_STATUS_NUMBER%",
}


def outbound_tags() -> dict[str, str]:
    """Labels that a client's proxy (or a gateway) knows."""
    return {
        "reporter": "source",
        **{f"source_{name}": value for name, value in _OWN.items()},
        **{f"destination_{name}": value for name, value in _SERVER.items()},
        **_SERVICE,
        "connection_security_policy": "unknown",
    }


def inbound_tags(mutual_tls: bool) -> dict[str, str]:
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


def http_access_logs(tags: dict[str, str], protocol: str, log_text: bool) -> list[Any]:
    """Access loggers of an HTTP connection manager."""
    labels = {**tags, **_HTTP, "request_protocol": protocol}
    config = stats_pb2.Config(
        stat_prefix="istio",
        counters=[{"stat": _stat("requests_total", labels), "value_fixed": {"value": 1}}],
        histograms=[
            _histogram("request_duration_milliseconds", labels, "%DURATION%", "Milliseconds"),
            _histogram("request_bytes", labels, "%BYTES_RECEIVED%", "Bytes"),
            _histogram("response_bytes", labels, "%BYTES_SENT%", "Bytes"),
        ],
    )
    return _loggers(config, log_text)


def tcp_access_logs(tags: dict[str, str], log_text: bool) -> list[Any]:
    """Access loggers of a TCP proxy: one record when the connection ends."""
    labels = {**tags, "request_protocol": "tcp", "response_flags": "%RESPONSE_FLAGS%"}
    config = stats_pb2.Config(
        stat_prefix="istio",
        counters=[
            {"stat": _stat("tcp_connections_opened_total", labels), "value_fixed": {"value": 1}},
            {"stat": _stat("tcp_connections_closed_total", labels), "value_fixed": {"value": 1}},
            {"stat": _stat("tcp_sent_bytes_total", labels), "value_format": "%BYTES_SENT%"},
            {"stat": _stat("tcp_received_bytes_total", labels), "value_format": "%BYTES_RECEIVED%"},
        ],
    )
    return _loggers(config, log_text)


def _stat(name: str, labels: dict[str, str]) -> dict[str, Any]:
    return {"name": name, "tags": [{"name": key, "value_format": value} for key, value in labels.items()]}


def _histogram(name: str, labels: dict[str, str], value: str, unit: str) -> dict[str, Any]:
    return {"stat": _stat(name, labels), "value_format": value, "unit": unit}


def _loggers(config: stats_pb2.Config, log_text: bool) -> list[Any]:
    loggers = [accesslog_pb2.AccessLog(**extension("envoy.access_loggers.stats", config))]
    if log_text:
        loggers.append(
            accesslog_pb2.AccessLog(**extension("envoy.access_loggers.stdout", stream_pb2.StdoutAccessLog()))
        )
    return loggers
