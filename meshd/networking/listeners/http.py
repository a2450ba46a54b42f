"""The HTTP connection manager in its three places: outbound, inbound and at the gateway."""

from collections.abc import Sequence
from typing import Any

from envoy.extensions.filters.http.cors.v3 import cors_pb2
from envoy.extensions.filters.http.fault.v3 import fault_pb2
from envoy.extensions.filters.http.router.v3 import router_pb2
from envoy.extensions.filters.network.http_connection_manager.v3 import http_connection_manager_pb2

from meshd.model.memo import Reader
from meshd.networking.dynamic_dns import dynamic_dns_http_filters
from meshd.networking.listeners.path_normalization import path_normalization
from meshd.networking.listeners.telemetry.reporter import Reporter
from meshd.networking.lookup import mesh_config
from meshd.networking.proto import ADS, duration, extension
from meshd.networking.routes.cors import CORS_FILTER
from meshd.networking.routes.fault import FAULT_FILTER

HTTP_CONNECTION_MANAGER = "envoy.filters.network.http_connection_manager"

_ROUTER = extension("envoy.filters.http.router", router_pb2.Router())
_CORS = extension(CORS_FILTER, cors_pb2.Cors())
_FAULT = extension(FAULT_FILTER, fault_pb2.HTTPFault())


def connection_manager(
    read: Reader,
    reporter: Reporter,
    protocol: str,
    stat_prefix: str,
    http_filters: list[dict[str, Any]],
    more_logs: Sequence[Any] = (),
    **settings: Any,
) -> dict[str, Any]:
    """A network filter. `protocol` is the label `request_protocol`.

    `settings` are further HttpConnectionManager fields (the route, XFCC handling).
    """
    settings |= reporter.tracing_settings()
    manager = http_connection_manager_pb2.HttpConnectionManager(
        stat_prefix=stat_prefix,
        codec_type="AUTO",
        access_log=[*reporter.http_access_logs(protocol), *more_logs],
        http_filters=[*http_filters, _ROUTER],
        server_header_transformation="PASS_THROUGH",
        **path_normalization(read.query(mesh_config).path_normalization),
        http_protocol_options={"accept_http_10": True},
        stream_idle_timeout=duration(0),
        upgrade_configs=[{"upgrade_type": "websocket"}],
        **settings,
    )
    return extension(HTTP_CONNECTION_MANAGER, manager)


def rds(route: str) -> dict[str, Any]:
    return {"route_config_name": route, "config_source": ADS}


def client_filters(read: Reader) -> list[dict[str, Any]]:
    """HTTP filters where a request leaves: the client's side answers preflights, injects faults and looks up names."""
    return [_CORS, _FAULT, *dynamic_dns_http_filters(read)]
