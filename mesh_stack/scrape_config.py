"""What Prometheus scrapes: every proxy and every meshd replica, straight from their pods.

Envoy prefixes the names of its stats logger with `envoy_istio_`; people and dashboards know them as `istio_`.
"""

from __future__ import annotations

TARGETS_FOLDER = "/etc/prometheus/targets"

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
  - job_name: meshd
    file_sd_configs:
      - files: [{TARGETS_FOLDER}/meshd.json]
"""
