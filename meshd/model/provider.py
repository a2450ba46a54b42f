"""Where telemetry goes: providers that objects refer to by name, the counterparts of MeshConfig's extensionProviders.

https://istio.io/latest/docs/reference/config/istio.mesh.v1alpha1/#MeshConfig-ExtensionProvider
"""

from dataclasses import dataclass

ENVOY, PROMETHEUS, ZIPKIN = "envoy", "prometheus", "zipkin"
"""Names of the providers that there are without being asked for."""


@dataclass(frozen=True, slots=True)
class Collector:
    """A service that takes reports, by its full name."""

    host: str
    port: int


@dataclass(frozen=True, slots=True)
class ZipkinTracing:
    name: str
    collector: Collector
    path: str = "/api/v2/spans"


@dataclass(frozen=True, slots=True)
class OpenTelemetryTracing:
    """Spans by OTLP over gRPC."""

    name: str
    collector: Collector


@dataclass(frozen=True, slots=True)
class FileLog:
    """A line for each request on the proxy's own output. `text` or `fields` with Envoy's command operators.

    Neither: the text that Istio writes.
    """

    name: str
    errors: bool = False
    """To the error output instead of the standard one."""
    text: str = ""
    fields: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class OpenTelemetryLog:
    """A record for each request by OTLP over gRPC. `text` is its body, `fields` its attributes."""

    name: str
    collector: Collector
    log_name: str = "otel_envoy_accesslog"
    text: str = ""
    fields: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class PrometheusMetrics:
    """What a scrape of the proxy finds."""

    name: str = PROMETHEUS


TracingProvider = ZipkinTracing | OpenTelemetryTracing
LogProvider = FileLog | OpenTelemetryLog
Provider = TracingProvider | LogProvider | PrometheusMetrics


def collectors_of(provider: Provider) -> tuple[Collector, ...]:
    """What a proxy talks to for the sake of `provider`."""
    if isinstance(provider, ZipkinTracing | OpenTelemetryTracing | OpenTelemetryLog):
        return (provider.collector,)
    return ()
