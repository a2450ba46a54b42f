"""Providers of mesh.yaml."""

from pathlib import Path

import pytest

from meshd.model.provider import (
    Collector,
    FileLog,
    OpenTelemetryLog,
    OpenTelemetryTracing,
    PrometheusMetrics,
    ZipkinTracing,
)
from meshd.runtime.settings import StartError, load_settings

MESH = """
extensionProviders:
- {name: spans, zipkin: {service: Tracing/Zipkin.tracing.svc.cluster.local, port: 9411, path: /spans}}
- {name: otel, opentelemetry: {service: otel.tracing.svc.cluster.local, port: 4317}}
- {name: file, envoyFileAccessLog: {path: /dev/stderr, logFormat: {text: "%RESPONSE_CODE% 100%%"}}}
- {name: json, envoyFileAccessLog: {logFormat: {labels: {code: "%RESPONSE_CODE%"}}}}
- {name: als, envoyOtelAls: {service: otel.tracing.svc.cluster.local, port: 4317}}
- {name: metrics, prometheus: {}}
"""


def test_each_kind_becomes_a_provider(tmp_path: Path) -> None:
    (tmp_path / "mesh.yaml").write_text(MESH)
    otel = Collector("otel.tracing.svc.cluster.local", 4317)
    assert load_settings(tmp_path / "mesh.yaml").mesh.extension_providers == (
        ZipkinTracing("spans", Collector("zipkin.tracing.svc.cluster.local", 9411), "/spans"),
        OpenTelemetryTracing("otel", otel),
        FileLog("file", errors=True, text="%RESPONSE_CODE% 100%%"),
        FileLog("json", fields=(("code", "%RESPONSE_CODE%"),)),
        OpenTelemetryLog("als", otel),
        PrometheusMetrics("metrics"),
    )


@pytest.mark.parametrize(
    ("provider", "message"),
    [
        ("{name: a}", "a must have exactly one kind"),
        ("{name: a, prometheus: {}}, {name: a, prometheus: {}}", 'the name "a" must be there, and only once'),
        ("{name: a, stackdriver: {}}", "unknown field `stackdriver`"),
        ("{name: a, envoyFileAccessLog: {path: /var/log/a}}", "path must be /dev/stdout or /dev/stderr"),
        ('{name: a, envoyFileAccessLog: {logFormat: {text: "%NOPE%"}}}', "%NOPE% is no command of Envoy's"),
        ('{name: a, envoyFileAccessLog: {logFormat: {text: "100%"}}}', "unfinished %COMMAND%"),
    ],
)
def test_wrong_providers_are_refused(tmp_path: Path, provider: str, message: str) -> None:
    (tmp_path / "mesh.yaml").write_text(f"extensionProviders: [{provider}]")
    with pytest.raises(StartError, match=message):
        load_settings(tmp_path / "mesh.yaml")
