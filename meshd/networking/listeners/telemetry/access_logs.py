"""Loggers of the providers that access logs go to."""

from typing import Any

from envoy.config.core.v3 import cel_pb2
from envoy.extensions.access_loggers.filters.cel.v3 import cel_pb2 as cel_filter_pb2
from envoy.extensions.access_loggers.open_telemetry.v3 import logs_service_pb2
from envoy.extensions.access_loggers.stream.v3 import stream_pb2

from meshd.model.provider import FileLog, LogProvider, OpenTelemetryLog
from meshd.networking.names import outbound_cluster_name
from meshd.networking.proto import any_of, struct

ISTIO_TEXT = (
    '[%START_TIME%] "%REQ(:METHOD)% %REQ(X-ENVOY-ORIGINAL-PATH?:PATH)% %PROTOCOL%" %RESPONSE_CODE% %RESPONSE_FLAGS% '
    '%RESPONSE_CODE_DETAILS% %CONNECTION_TERMINATION_DETAILS% "%UPSTREAM_TRANSPORT_FAILURE_REASON%" %BYTES_RECEIVED% '
    '%BYTES_SENT% %DURATION% %RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)% "%REQ(X-FORWARDED-FOR)%" "%REQ(USER-AGENT)%" '
    '"%REQ(X-REQUEST-ID)%" "%REQ(:AUTHORITY)%" "%UPSTREAM_HOST%" %UPSTREAM_CLUSTER_RAW% %UPSTREAM_LOCAL_ADDRESS% '
    "%DOWNSTREAM_LOCAL_ADDRESS% %DOWNSTREAM_REMOTE_ADDRESS% %REQUESTED_SERVER_NAME% %ROUTE_NAME%\n"
)
"""The fields by which people's tools read Istio's logs.

https://istio.io/latest/docs/tasks/observability/logs/access-log/#default-access-log-format
"""


def access_logger(provider: LogProvider, condition: str) -> dict[str, Any]:
    """AccessLog; `condition` in CEL says what is logged."""
    name, config = _file(provider) if isinstance(provider, FileLog) else _open_telemetry(provider)
    logger: dict[str, Any] = {"name": name, "typed_config": any_of(config)}
    if condition:
        logger["filter"] = {"extension_filter": _condition(condition)}
    return logger


def _condition(expression: str) -> dict[str, Any]:
    makes_text = cel_pb2.CelExpressionConfig(enable_string_conversion=True, enable_string_concat=True)
    config = cel_filter_pb2.ExpressionFilter(expression=expression, cel_config=makes_text)
    return {"name": "envoy.access_loggers.extension_filters.cel", "typed_config": any_of(config)}


def _file(provider: FileLog) -> tuple[str, Any]:
    log_format: dict[str, Any] = {"text_format_source": {"inline_string": _line(provider.text or ISTIO_TEXT)}}
    if provider.fields:
        log_format = {"json_format": struct(dict(provider.fields))}
    if provider.errors:
        return "envoy.access_loggers.stderr", stream_pb2.StderrAccessLog(log_format=log_format)
    return "envoy.access_loggers.stdout", stream_pb2.StdoutAccessLog(log_format=log_format)


def _line(text: str) -> str:
    return text if text.endswith("\n") else f"{text}\n"


def _open_telemetry(provider: OpenTelemetryLog) -> tuple[str, Any]:
    collector = provider.collector
    service = {"cluster_name": outbound_cluster_name(collector.host, collector.port), "authority": collector.host}
    config = logs_service_pb2.OpenTelemetryAccessLogConfig(
        common_config={
            "log_name": provider.log_name,
            "grpc_service": {"envoy_grpc": service},
            "transport_api_version": "V3",
        },
        body={"string_value": provider.text or ISTIO_TEXT.rstrip("\n")},
        attributes={"values": [{"key": key, "value": {"string_value": value}} for key, value in provider.fields]},
    )
    return "envoy.access_loggers.open_telemetry", config
