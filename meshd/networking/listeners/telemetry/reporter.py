"""All that a listener needs to know to report its traffic."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from meshd.model.memo import Reader
from meshd.model.mesh import MeshConfig
from meshd.model.provider import (
    ENVOY,
    PROMETHEUS,
    ZIPKIN,
    FileLog,
    LogProvider,
    OpenTelemetryLog,
    PrometheusMetrics,
    Provider,
    TracingProvider,
    collectors_of,
)
from meshd.model.reference import ObjectRef
from meshd.model.tables import exported
from meshd.model.telemetry import MetricOverride, Side, Telemetry
from meshd.networking.listeners.telemetry.access_logs import access_logger
from meshd.networking.listeners.telemetry.attached import read_telemetries, telemetries_of
from meshd.networking.listeners.telemetry.merged import (
    TracingSettings,
    merged_logs,
    merged_metrics,
    merged_tracing,
)
from meshd.networking.listeners.telemetry.metrics import http_metrics, inbound_labels, outbound_labels, tcp_metrics
from meshd.networking.listeners.telemetry.tracing import tracing
from meshd.networking.lookup import mesh_config, service_of
from meshd.networking.scopes import OutboundScope, WorkloadScope


@dataclass(frozen=True, slots=True)
class Reporter:
    """One side of the traffic. `changes` to the metrics are None where there are none; `refs` are what says so."""

    labels: Mapping[str, str]
    changes: tuple[MetricOverride, ...] | None
    logs: tuple[tuple[LogProvider, str], ...]
    spans: tuple[TracingProvider, TracingSettings] | None
    refs: tuple[ObjectRef, ...] = ()

    def http_access_logs(self, protocol: str) -> list[dict[str, Any]]:
        """Access loggers of an HTTP connection manager; `protocol` is the value of request_protocol."""
        metrics = [] if self.changes is None else http_metrics(self.labels, protocol, self.changes)
        return [*metrics, *self._loggers()]

    def tcp_access_logs(self) -> list[dict[str, Any]]:
        """Access loggers of a TCP proxy."""
        metrics = [] if self.changes is None else tcp_metrics(self.labels, self.changes)
        return [*metrics, *self._loggers()]

    def _loggers(self) -> list[dict[str, Any]]:
        return [access_logger(provider, condition) for provider, condition in self.logs]

    def tracing_settings(self) -> dict[str, Any]:
        """Fields of an HTTP connection manager."""
        return tracing(*self.spans) if self.spans else {}


def client_reporter(read: Reader, scope: OutboundScope) -> Reporter:
    """Of what an application sends."""
    telemetries = read_telemetries(read, scope.telemetries)
    return _reporter(read, scope.namespace, telemetries, Side.CLIENT, outbound_labels())


def gateway_reporter(read: Reader, scope: WorkloadScope) -> Reporter:
    """A gateway sends on what it is sent, and so is a client."""
    telemetries = _of_workload(read, scope)
    return _reporter(read, scope.namespace, telemetries, Side.CLIENT, outbound_labels())


def server_reporter(read: Reader, scope: WorkloadScope, mutual_tls: bool) -> Reporter:
    """Of what an application is sent."""
    return _reporter(read, scope.namespace, _of_workload(read, scope), Side.SERVER, inbound_labels(mutual_tls))


def _of_workload(read: Reader, scope: WorkloadScope) -> tuple[Telemetry, ...]:
    return read_telemetries(read, read.query(telemetries_of, scope.namespace, scope.labels))


def _reporter(
    read: Reader, namespace: str, telemetries: tuple[Telemetry, ...], side: Side, labels: Mapping[str, str]
) -> Reporter:
    mesh = read.query(mesh_config)
    metrics = merged_metrics(telemetries, side, (PROMETHEUS,))
    scraped = [name for name in metrics if isinstance(mesh.provider(name), PrometheusMetrics)]
    logs = merged_logs(telemetries, side, (ENVOY,) if mesh.access_log else ())
    found = [(_reached(read, mesh, namespace, name), condition) for name, condition in logs.items()]
    return Reporter(
        labels,
        tuple(metrics[scraped[0]]) if scraped else None,
        tuple((provider, c) for provider, c in found if isinstance(provider, FileLog | OpenTelemetryLog)),
        _spans(read, mesh, namespace, telemetries, side),
        tuple(telemetry.ref for telemetry in telemetries),
    )


def _spans(
    read: Reader, mesh: MeshConfig, namespace: str, telemetries: tuple[Telemetry, ...], side: Side
) -> tuple[TracingProvider, TracingSettings] | None:
    settings = merged_tracing(telemetries, side, ZIPKIN if mesh.zipkin_host else "", mesh.tracing_sampling)
    provider = _reached(read, mesh, namespace, settings.provider)
    if settings.disabled or not isinstance(provider, TracingProvider):
        return None
    return provider, settings


def _reached(read: Reader, mesh: MeshConfig, namespace: str, name: str) -> Provider | None:
    """A provider by its name; None while clients in `namespace` do not see what it talks to.

    Envoy refuses a listener that names a cluster it does not know.
    """
    provider = mesh.provider(name)
    if provider is None:
        return None
    for collector in collectors_of(provider):
        service = read.query(service_of, collector.host)
        if service is None or service.port(collector.port) is None:
            return None
        if not exported(service.export_to, service.namespace, namespace):
            return None
    return provider
