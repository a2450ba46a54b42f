"""A plain HTTP listener on all addresses of the pod, for those outside the mesh: kubelet and Prometheus."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

Json = dict[str, Any]
_TYPE = "type.googleapis.com/envoy.extensions.filters"


def build_http_listener(name: str, port: int, routes: Sequence[Json], filters: Sequence[Json] = ()) -> Json:
    """A listener with `routes`; whatever they do not match is answered 404."""
    connection_manager = {
        "@type": f"{_TYPE}.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": name,
        "route_config": {
            "name": name,
            "virtual_hosts": [{"name": name, "domains": ["*"], "routes": list(routes)}],
        },
        "http_filters": [
            *filters,
            {
                "name": "envoy.filters.http.router",
                "typed_config": {"@type": f"{_TYPE}.http.router.v3.Router", "suppress_envoy_headers": True},
            },
        ],
        "generate_request_id": False,
        "skip_xff_append": True,
    }
    return {
        "name": name,
        "address": {"socket_address": {"address": "0.0.0.0", "port_value": port}},
        "ignore_global_conn_limit": True,
        "filter_chains": [
            {
                "filters": [
                    {
                        "name": "envoy.filters.network.http_connection_manager",
                        "typed_config": connection_manager,
                    }
                ]
            }
        ],
    }


def build_get_route(path: str, cluster: str, rewrite: str) -> Json:
    """GET of exactly `path` (any query) → `rewrite` at `cluster`."""
    method = {"name": ":method", "string_match": {"exact": "GET"}}
    return {
        "match": {"path": path, "headers": [method]},
        "route": {"cluster": cluster, "prefix_rewrite": rewrite, "timeout": "0s"},
    }
