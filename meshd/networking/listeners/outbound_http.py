"""HTTP connection managers of a sidecar's outbound listeners."""

from typing import Any

from meshd.model.memo import Reader
from meshd.networking.listeners.detection import HTTP_PROTOCOLS
from meshd.networking.listeners.http import client_filters, connection_manager, rds
from meshd.networking.listeners.l4 import Chain
from meshd.networking.listeners.request_protocol import BY_REQUEST, client_label
from meshd.networking.listeners.telemetry.reporter import Reporter
from meshd.networking.names import detected_route_name


def http_manager(read: Reader, reporter: Reporter, address: str, port: int) -> dict[str, Any]:
    """A network filter for all hosts that speak HTTP at `port`."""
    prefix = f"outbound_{address}_{port}"
    filters = client_filters(read)
    return connection_manager(read, reporter, client_label(read, port), prefix, filters, rds=rds(str(port)))


def detected_http_chain(read: Reader, reporter: Reporter, host: str, port: int) -> Chain:
    """For HTTP that is found on a port of `host` whose protocol nobody named."""
    route = detected_route_name(host, port)
    manager = connection_manager(read, reporter, BY_REQUEST, f"outbound_{route}", client_filters(read), rds=rds(route))
    return {"filter_chain_match": {"application_protocols": HTTP_PROTOCOLS}, "filters": [manager]}
