"""Zipkin spans for every HTTP hop."""

from typing import Any

from envoy.config.trace.v3 import zipkin_pb2

from meshd.model.memo import Reader
from meshd.networking.lookup import mesh_config, service_of
from meshd.networking.names import outbound_cluster_name
from meshd.networking.proto import any_of


def tracing(read: Reader) -> dict[str, Any] | None:
    """HttpConnectionManager.tracing; None while there is no collector to send to.

    Envoy refuses a listener that names a collector cluster it does not know, so the service must exist.
    https://www.envoyproxy.io/docs/envoy/latest/api-v3/config/trace/v3/zipkin.proto
    """
    mesh = read.query(mesh_config)
    if not mesh.zipkin_host:
        return None
    service = read.query(service_of, mesh.zipkin_host)
    if service is None or service.port(mesh.zipkin_port) is None:
        return None
    config = zipkin_pb2.ZipkinConfig(
        collector_cluster=outbound_cluster_name(mesh.zipkin_host, mesh.zipkin_port),
        collector_endpoint="/api/v2/spans",
        collector_endpoint_version="HTTP_JSON",
        collector_hostname=mesh.zipkin_host,
        trace_id_128bit=True,
        shared_span_context={"value": False},
    )
    return {
        "provider": {"name": "envoy.tracers.zipkin", "typed_config": any_of(config)},
        "random_sampling": {"value": mesh.tracing_sampling},
        "client_sampling": {"value": 100},
        "overall_sampling": {"value": 100},
        "custom_tags": [
            _environment_tag("istio.canonical_service", "ISTIO_META_APP"),
            _environment_tag("istio.canonical_revision", "ISTIO_META_VERSION"),
            _environment_tag("istio.namespace", "ISTIO_META_NAMESPACE"),
        ],
    }


def _environment_tag(tag: str, variable: str) -> dict[str, Any]:
    return {"tag": tag, "environment": {"name": variable}}
