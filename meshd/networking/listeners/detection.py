"""Ports whose protocol nobody named: the first bytes tell HTTP from all else.

In plaintext Envoy's http_inspector reads them. Within mutual TLS a proxy cannot read them before it has chosen, so the
client's proxy, which has read them, says in ALPN what comes.
https://istio.io/latest/docs/ops/configuration/traffic-management/protocol-selection/#automatic-protocol-selection
"""

from collections.abc import Iterable
from typing import Any

from envoy.config.listener.v3 import listener_pb2
from envoy.extensions.filters.listener.http_inspector.v3 import http_inspector_pb2
from envoy.extensions.filters.network.set_filter_state.v3 import set_filter_state_pb2

from meshd.model.destination import TlsMode
from meshd.model.route import WeightedDestination
from meshd.model.service import Protocol
from meshd.networking.listeners.server_name import FIRST_BYTES
from meshd.networking.mtls import ALPN_MESH
from meshd.networking.proto import duration, extension
from meshd.networking.routes.upstream import Upstreams

HTTP_PROTOCOLS = ("http/1.0", "http/1.1", "h2c")
"""What http_inspector finds, in the words of FilterChainMatch.application_protocols."""
_INSPECTOR = extension("envoy.filters.listener.http_inspector", http_inspector_pb2.HttpInspector())
_SAY_NOT_HTTP = extension(
    "envoy.filters.network.set_filter_state",
    set_filter_state_pb2.Config(
        on_new_connection=[
            {
                "object_key": "envoy.network.application_protocols",
                "format_string": {"text_format_source": {"inline_string": ALPN_MESH}},
                "shared_with_upstream": "ONCE",
            }
        ]
    ),
)
"""https://www.envoyproxy.io/docs/envoy/latest/configuration/advanced/well_known_filter_state"""


def tell_http(listener: listener_pb2.Listener) -> None:
    """Let `listener` look for HTTP. A client that waits for the server to speak is taken for one that does not."""
    listener.listener_filters.add(**_INSPECTOR)
    listener.listener_filters_timeout.CopyFrom(duration(FIRST_BYTES))
    listener.continue_on_listener_filters_timeout = True


def inspector_for(ports: Iterable[int]) -> dict[str, Any]:
    """A listener filter that looks at connections to `ports` alone: to all others it costs nothing."""
    ranges = [{"destination_port_range": {"start": port, "end": port + 1}} for port in ports]
    chosen = ranges[0] if len(ranges) == 1 else {"or_match": {"rules": ranges}}
    return {**_INSPECTOR, "filter_disabled": {"not_match": chosen}}


def saying_it_is_not_http(upstreams: Upstreams, destinations: Iterable[WeightedDestination]) -> list[dict[str, Any]]:
    """A network filter that says so in ALPN to servers that ask; none where no server does.

    A DestinationRule's own TLS is left alone: its server knows nothing of the mesh's names.
    """
    for each in destinations:
        service = upstreams.service(each.destination)
        port = service.port(upstreams.port(each.destination)) if service else None
        tls = upstreams.policy(each.destination).tls
        if port is not None and port.protocol is Protocol.AUTO and (tls is None or tls.mode is TlsMode.ISTIO_MUTUAL):
            return [_SAY_NOT_HTTP]
    return []
