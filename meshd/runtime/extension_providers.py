"""`extensionProviders` of mesh.yaml, as in Istio's MeshConfig: where telemetry may go, and who decides for CUSTOM.

https://istio.io/latest/docs/reference/config/istio.mesh.v1alpha1/#MeshConfig-ExtensionProvider
"""

from collections.abc import Callable
from typing import Any

import msgspec

from meshd.api.validate.log_format import log_format_problem
from meshd.model.ext_authz import ExtAuthzProvider
from meshd.model.provider import (
    Collector,
    FileLog,
    OpenTelemetryLog,
    OpenTelemetryTracing,
    PrometheusMetrics,
    Provider,
    ZipkinTracing,
)
from meshd.runtime.ext_authz import EnvoyExtAuthzGrpc, EnvoyExtAuthzHttp, ProviderError, grpc_provider, http_provider

__all__ = ["ExtensionProvider", "ProviderError", "ext_authz_providers", "providers_of"]


DECIDERS = ("envoy_ext_authz_http", "envoy_ext_authz_grpc")


class _Strict(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    pass


class Zipkin(_Strict, frozen=True):
    """`service` is "namespace/hostname" or the hostname alone."""

    service: str
    port: int
    path: str = "/api/v2/spans"


class OpenTelemetry(_Strict, frozen=True):
    """OTLP over gRPC: the Service's port must be one of gRPC by its name or appProtocol."""

    service: str
    port: int


class LogFormat(_Strict, frozen=True):
    """A line of `text`, or a JSON object of `labels`, with Envoy's command operators."""

    text: str = ""
    labels: dict[str, str] = {}


class FileAccessLog(_Strict, frozen=True):
    """`path`: the proxies' file system is read-only, so it is one of its own outputs."""

    path: str = "/dev/stdout"
    log_format: LogFormat = LogFormat()


class OtelAls(_Strict, frozen=True):
    service: str
    port: int
    log_name: str = "otel_envoy_accesslog"
    log_format: LogFormat = LogFormat()


class Prometheus(_Strict, frozen=True):
    pass


class ExtensionProvider(_Strict, frozen=True):
    """One of its fields besides the name is set."""

    name: str
    zipkin: Zipkin | None = None
    opentelemetry: OpenTelemetry | None = None
    envoy_file_access_log: FileAccessLog | None = None
    envoy_otel_als: OtelAls | None = None
    prometheus: Prometheus | None = None
    envoy_ext_authz_http: EnvoyExtAuthzHttp | None = None
    envoy_ext_authz_grpc: EnvoyExtAuthzGrpc | None = None


def ext_authz_providers(listed: tuple[ExtensionProvider, ...]) -> tuple[ExtAuthzProvider, ...]:
    """Those that decide about requests for policies with CUSTOM. Raises ProviderError."""
    made = (_decider(each) for each in listed if _kind(each) in DECIDERS)
    return tuple(made)


def _decider(listed: ExtensionProvider) -> ExtAuthzProvider:
    if listed.envoy_ext_authz_http is not None:
        return http_provider(listed.name, listed.envoy_ext_authz_http)
    assert listed.envoy_ext_authz_grpc is not None
    return grpc_provider(listed.name, listed.envoy_ext_authz_grpc)


def _kind(listed: ExtensionProvider) -> str:
    chosen = [field for field in (*_KINDS, *DECIDERS) if getattr(listed, field) is not None]
    if len(chosen) != 1:
        raise ProviderError(f"extensionProviders: {listed.name} must have exactly one kind of provider")
    return chosen[0]


def providers_of(listed: tuple[ExtensionProvider, ...]) -> tuple[Provider, ...]:
    """Those that telemetry may go to. Raises ProviderError."""
    names = [each.name for each in listed]
    for name in names:
        if not name or names.count(name) > 1:
            raise ProviderError(f'extensionProviders: the name "{name}" must be there, and only once')
    kinds = [(each, _kind(each)) for each in listed]
    return tuple(_KINDS[kind](each.name, getattr(each, kind)) for each, kind in kinds if kind in _KINDS)


def _zipkin(name: str, provider: Zipkin) -> Provider:
    return ZipkinTracing(name, _collector(provider.service, provider.port), provider.path)


def _opentelemetry(name: str, provider: OpenTelemetry) -> Provider:
    return OpenTelemetryTracing(name, _collector(provider.service, provider.port))


def _file(name: str, provider: FileAccessLog) -> Provider:
    outputs = {"/dev/stdout": False, "/dev/stderr": True}
    if provider.path not in outputs:
        raise ProviderError(f"extensionProviders: {name}: path must be /dev/stdout or /dev/stderr")
    text, fields = _format(name, provider.log_format)
    return FileLog(name, outputs[provider.path], text, fields)


def _otel_als(name: str, provider: OtelAls) -> Provider:
    text, fields = _format(name, provider.log_format)
    return OpenTelemetryLog(name, _collector(provider.service, provider.port), provider.log_name, text, fields)


def _prometheus(name: str, _: Prometheus) -> Provider:
    return PrometheusMetrics(name)


_KINDS: dict[str, Callable[[str, Any], Provider]] = {
    "zipkin": _zipkin,
    "opentelemetry": _opentelemetry,
    "envoy_file_access_log": _file,
    "envoy_otel_als": _otel_als,
    "prometheus": _prometheus,
}


def _collector(service: str, port: int) -> Collector:
    return Collector(service.rpartition("/")[2].lower(), port)


def _format(name: str, log_format: LogFormat) -> tuple[str, tuple[tuple[str, str], ...]]:
    for text in (log_format.text, *log_format.labels.values()):
        problem = log_format_problem(text)
        if problem:
            raise ProviderError(f"extensionProviders: {name}: logFormat: {problem}")
    return log_format.text, tuple(log_format.labels.items())
