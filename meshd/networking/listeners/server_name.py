"""Reading the server name that a TLS client asks for, before a filter chain is chosen."""

from envoy.config.listener.v3 import listener_pb2
from envoy.extensions.filters.listener.tls_inspector.v3 import tls_inspector_pb2

from meshd.networking.proto import duration, extension

TLS_INSPECTOR = extension("envoy.filters.listener.tls_inspector", tls_inspector_pb2.TlsInspector())
FIRST_BYTES = 5.0
"""Seconds until a client that says nothing is taken for one of a protocol in which the server speaks first."""


def tell_by_server_name(listener: listener_pb2.Listener) -> None:
    """Let `listener` look into the first bytes, if any of its chains asks for TLS."""
    if not any(chain.filter_chain_match.transport_protocol == "tls" for chain in listener.filter_chains):
        return
    listener.listener_filters.add(**TLS_INSPECTOR)
    if any(chain.filter_chain_match.transport_protocol != "tls" for chain in listener.filter_chains):
        listener.listener_filters_timeout.CopyFrom(duration(FIRST_BYTES))
        listener.continue_on_listener_filters_timeout = True
