r"""What of a stat's name becomes a label: the same labels as Envoy's own, for names that have dots in them.

Envoy takes a name's part up to the first dot: of `cluster.outbound|80||web.shop.svc.cluster.local.upstream_rq_total` it
would make `envoy_cluster_shop_svc_cluster_local_upstream_rq_total{envoy_cluster_name="outbound|80||web"}`. In each
expression the first group goes from the name, the second is the label's value.
https://www.envoyproxy.io/docs/envoy/latest/api-v3/config/metrics/v3/stats.proto#config-metrics-v3-tagspecifier
"""

from __future__ import annotations

import re
from typing import Any

Json = dict[str, Any]

_OF_CLUSTERS = (
    r"upstream_|external\.upstream_|internal\.upstream_|circuit_breakers\.|membership_|outlier_detection\.|ssl\.|lb_"
    r"|default\.total_|assignment_|bind_errors|max_host_weight|update_|version|warming_state|http[123]\.|original_dst|retry_"
)
_WORD = r"[a-z][a-z0-9_]*(?:\.|$)"
"""Of a name that holds addresses, a part that is of none."""


def stats_tags(cluster_domain: str) -> list[Json]:
    """Of envoy.config.metrics.v3.StatsConfig. Names of services end with `cluster_domain`."""
    service = rf".+\.svc\.{re.escape(cluster_domain)}"
    expressions = {
        "envoy.response_code": r"_rq(_(\d{3}))$",
        "envoy.response_code_class": r"_rq(_(\dxx))$",
        "envoy.cluster_name": rf"^cluster\.(({service}|.+?)\.)(?:{_OF_CLUSTERS})",
        "envoy.http_conn_manager_prefix": rf"^http\.(({service}|.+?)\.){_WORD}",
        "envoy.tcp_prefix": rf"^tcp\.(({service}|.+?)\.){_WORD}",
        "envoy.listener_address": rf"^listener\.((.+?)\.){_WORD}",
        "envoy.http_conn_manager_listener_prefix": rf"^listener\..+?\.http\.(({service}|.+?)\.){_WORD}",
        "envoy.virtual_host": r"^vhost\.((.+?)\.)(?:route|vcluster|other)\.",
        "envoy.route": r"^vhost\..+?\.route\.((.+?)\.)(?:upstream_|retry|internal\.|external\.)",
    }
    return [{"tag_name": name, "regex": expression} for name, expression in expressions.items()]
