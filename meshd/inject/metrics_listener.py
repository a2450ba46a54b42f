"""The listener that Prometheus scrapes: one page of Envoy's admin interface and nothing else of it."""

from __future__ import annotations

from typing import Any

from meshd.inject.http_listener import build_get_route, build_http_listener
from meshd.inject.settings import METRICS_PORT

METRICS_PATH = "/stats/prometheus"


def build_metrics_listener(admin_cluster: str) -> dict[str, Any]:
    return build_http_listener("metrics", METRICS_PORT, [build_get_route(METRICS_PATH, admin_cluster, METRICS_PATH)])
