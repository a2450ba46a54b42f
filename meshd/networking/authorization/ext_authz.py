"""Envoy's ext_authz filters, which ask a provider.

https://www.envoyproxy.io/docs/envoy/latest/api-v3/extensions/filters/http/ext_authz/v3/ext_authz.proto
"""

from typing import Any

from envoy.extensions.filters.http.ext_authz.v3 import ext_authz_pb2 as http_pb2
from envoy.extensions.filters.network.ext_authz.v3 import ext_authz_pb2 as network_pb2

from meshd.model.ext_authz import ExtAuthzProvider
from meshd.networking.authorization.values import string_match
from meshd.networking.names import outbound_cluster_name
from meshd.networking.proto import duration, extension

Matcher = dict[str, Any]


def http_ext_authz(provider: ExtAuthzProvider, enabled: Matcher) -> dict[str, Any]:
    """An HTTP filter that acts where the dynamic metadata fits `enabled`."""
    fields: dict[str, Any] = {
        "transport_api_version": "V3",
        "failure_mode_allow": provider.fail_open,
        "filter_enabled_metadata": enabled,
        "clear_route_cache": provider.clear_route_cache,
    }
    if provider.status_on_error:
        fields["status_on_error"] = {"code": provider.status_on_error}
    if provider.body is not None:
        fields["with_request_body"] = {
            "max_request_bytes": provider.body.max_bytes,
            "allow_partial_message": provider.body.allow_partial,
            "pack_as_bytes": provider.body.as_bytes,
        }
    if provider.is_grpc:
        fields["grpc_service"] = _grpc_service(provider)
    else:
        fields["http_service"] = _http_service(provider)
        if provider.checked_headers:
            fields["allowed_headers"] = _headers(provider.checked_headers)
    return extension("envoy.filters.http.ext_authz", http_pb2.ExtAuthz(**fields))


def network_ext_authz(provider: ExtAuthzProvider, enabled: Matcher) -> dict[str, Any]:
    """A network filter, likewise; only for a provider that speaks gRPC."""
    config = network_pb2.ExtAuthz(
        stat_prefix="tcp.",
        transport_api_version="V3",
        failure_mode_allow=provider.fail_open,
        filter_enabled_metadata=enabled,
        grpc_service=_grpc_service(provider),
    )
    return extension("envoy.filters.network.ext_authz", config)


def _grpc_service(provider: ExtAuthzProvider) -> dict[str, Any]:
    target = {"cluster_name": outbound_cluster_name(provider.host, provider.port), "authority": provider.host}
    return {"envoy_grpc": target, "timeout": duration(provider.timeout)}


def _http_service(provider: ExtAuthzProvider) -> dict[str, Any]:
    return {
        "server_uri": {
            "uri": f"http://{provider.host}",
            "cluster": outbound_cluster_name(provider.host, provider.port),
            "timeout": duration(provider.timeout),
        },
        "path_prefix": provider.path_prefix,
        "authorization_request": {
            "headers_to_add": [{"key": name, "value": value} for name, value in provider.added_headers]
        },
        "authorization_response": {
            "allowed_upstream_headers": _headers(provider.upstream_headers_on_allow),
            "allowed_client_headers": _headers(provider.downstream_headers_on_deny),
            "allowed_client_headers_on_success": _headers(provider.downstream_headers_on_allow),
        },
    }


def _headers(names: tuple[str, ...]) -> dict[str, Any] | None:
    """A ListStringMatcher; None, which lets through what Envoy does by itself, for no names."""
    patterns = [{**string_match(name), "ignore_case": True} for name in names if name != "*"]
    anything = [string_match("*")] if "*" in names else []
    return {"patterns": [*patterns, *anything]} if names else None
