"""Spans for every HTTP hop."""

from typing import Any

from envoy.config.trace.v3 import opentelemetry_pb2, zipkin_pb2
from envoy.extensions.filters.network.http_connection_manager.v3 import http_connection_manager_pb2
from envoy.extensions.request_id.uuid.v3 import uuid_pb2

from meshd.model.provider import TracingProvider, ZipkinTracing
from meshd.model.telemetry import SpanTag, TagSource
from meshd.networking.listeners.telemetry.merged import TracingSettings
from meshd.networking.names import outbound_cluster_name
from meshd.networking.newer_fields import NO_CONTEXT_PROPAGATION, with_true
from meshd.networking.proto import any_of, boolean


def tracing(provider: TracingProvider, settings: TracingSettings) -> dict[str, Any]:
    """Fields of an HttpConnectionManager.

    https://www.envoyproxy.io/docs/envoy/latest/intro/arch_overview/observability/tracing
    """
    own = _ISTIO_TAGS if settings.istio_tags else []
    traced = http_connection_manager_pb2.HttpConnectionManager.Tracing(
        provider=_zipkin(provider) if isinstance(provider, ZipkinTracing) else _opentelemetry(provider),
        random_sampling={"value": settings.sampling},
        client_sampling={"value": 100},
        overall_sampling={"value": 100},
        custom_tags=[*own, *(_tag(tag) for tag in settings.tags)],
    )
    fields: dict[str, Any] = {"tracing": traced if settings.propagated else with_true(traced, NO_CONTEXT_PROPAGATION)}
    if not settings.by_request_id:
        by_request_id = uuid_pb2.UuidRequestIdConfig(use_request_id_for_trace_sampling=boolean(False))
        fields["request_id_extension"] = {"typed_config": any_of(by_request_id)}
    return fields


def _zipkin(provider: ZipkinTracing) -> dict[str, Any]:
    """https://www.envoyproxy.io/docs/envoy/latest/api-v3/config/trace/v3/zipkin.proto"""
    config = zipkin_pb2.ZipkinConfig(
        collector_cluster=outbound_cluster_name(provider.collector.host, provider.collector.port),
        collector_endpoint=provider.path,
        collector_endpoint_version="HTTP_JSON",
        collector_hostname=provider.collector.host,
        trace_id_128bit=True,
        shared_span_context={"value": False},
    )
    return {"name": "envoy.tracers.zipkin", "typed_config": any_of(config)}


def _opentelemetry(provider: TracingProvider) -> dict[str, Any]:
    """https://www.envoyproxy.io/docs/envoy/latest/api-v3/config/trace/v3/opentelemetry.proto"""
    collector = provider.collector
    service = {"cluster_name": outbound_cluster_name(collector.host, collector.port), "authority": collector.host}
    config = opentelemetry_pb2.OpenTelemetryConfig(grpc_service={"envoy_grpc": service})
    return {"name": "envoy.tracers.opentelemetry", "typed_config": any_of(config)}


def _tag(tag: SpanTag) -> dict[str, Any]:
    """envoy.type.tracing.v3.CustomTag"""
    match tag.source:
        case TagSource.LITERAL:
            return {"tag": tag.tag, "literal": {"value": tag.text}}
        case TagSource.ENVIRONMENT:
            return {"tag": tag.tag, "environment": {"name": tag.text, "default_value": tag.default}}
        case TagSource.HEADER:
            return {"tag": tag.tag, "request_header": {"name": tag.text, "default_value": tag.default}}
        case TagSource.FORMATTER:
            return {"tag": tag.tag, "value": tag.text}


_ISTIO_TAGS = [
    _tag(SpanTag(tag, TagSource.ENVIRONMENT, variable))
    for tag, variable in (
        ("istio.canonical_service", "ISTIO_META_APP"),
        ("istio.canonical_revision", "ISTIO_META_VERSION"),
        ("istio.namespace", "ISTIO_META_NAMESPACE"),
    )
]
"""Who reports, in the words by which tools group spans."""
