"""What Prometheus scrapes: every proxy and every meshd replica, straight from their pods.

Envoy prefixes the names of its stats logger with `envoy_istio_`; people and dashboards know them as `istio_`. Who the
client was, the server's proxy reads from its certificate, and which service it called from its SNI: both are taken
apart into Istio's labels here, unless a Telemetry object gives them another value or leaves them out.
"""

from __future__ import annotations

TARGETS_FOLDER = "/etc/prometheus/targets"

PEER_LABELS = ("workload", "workload_namespace", "app", "version", "principal")
LABELS = (
    *(f"{side}_{name}" for side in ("source", "destination") for name in PEER_LABELS),
    *("destination_service", "destination_service_name", "destination_service_namespace"),
)


def _unknown(label: str) -> str:
    """What a proxy could not tell is `unknown`, as in Istio, not `-` or missing."""
    return f"""\
      - source_labels: [__name__, {label}]
        regex: istio_[^;]*;-?
        target_label: {label}
        replacement: unknown
"""


def _left_out(label: str) -> str:
    """A label that a Telemetry object removes comes with this value: without it, it would be filled in."""
    return f"""\
      - source_labels: [{label}]
        regex: -removed
        target_label: {label}
        replacement: ""
"""


PROMETHEUS_CONFIG = f"""\
global:
  scrape_interval: 2s
  scrape_timeout: 2s
  evaluation_interval: 10s
scrape_configs:
  - job_name: envoy-stats
    metrics_path: /stats/prometheus
    file_sd_configs:
      - files: [{TARGETS_FOLDER}/envoy-stats.json]
    metric_relabel_configs:
      - source_labels: [__name__]
        regex: envoy_istio_(.*)
        target_label: __name__
        replacement: istio_$1
      - source_labels: [source_workload, source_subject]
        regex: ;(?:.*,)?CN=([^,]+)(?:,.*)?
        target_label: source_workload
      - source_labels: [source_app, source_subject]
        regex: ;(?:.*,)?OU=([^,]+)(?:,.*)?
        target_label: source_app
      - source_labels: [source_version, source_subject]
        regex: ;(?:.*,)?O=([^,]+)(?:,.*)?
        target_label: source_version
      - source_labels: [source_workload_namespace, reporter, source_principal]
        regex: ;destination;spiffe://[^/]+/ns/([^/]+)/.*
        target_label: source_workload_namespace
      - source_labels: [destination_service_name, reporter, connection_security_policy, destination_service]
        regex: ;destination;mutual_tls;([^.]+)\\.[^.]+\\.svc\\..+
        target_label: destination_service_name
      - source_labels: [destination_service_name, reporter, connection_security_policy, destination_service]
        regex: ;destination;mutual_tls;(.+)
        target_label: destination_service_name
      - source_labels: [destination_service_namespace, reporter, connection_security_policy, destination_service]
        regex: ;destination;mutual_tls;[^.]+\\.([^.]+)\\.svc\\..+
        target_label: destination_service_namespace
      - action: labeldrop
        regex: source_subject
{"".join(map(_unknown, LABELS))}\
{"".join(map(_left_out, LABELS))}\
  - job_name: meshd
    file_sd_configs:
      - files: [{TARGETS_FOLDER}/meshd.json]
"""
