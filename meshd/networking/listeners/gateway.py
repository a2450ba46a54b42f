"""Listeners of a gateway: one for each port its Gateway objects open."""

from typing import Any

from envoy.config.listener.v3 import listener_pb2
from envoy.extensions.filters.listener.tls_inspector.v3 import tls_inspector_pb2
from envoy.extensions.transport_sockets.tls.v3 import tls_pb2

from meshd.model.gateway import ServerTls, ServerTlsMode
from meshd.model.memo import Reader
from meshd.model.resource import Resource, Scope
from meshd.networking.authorization.filters import http_rbac_filters, policies_for
from meshd.networking.gateways import BoundServer, gateway_servers, served, sni_hosts
from meshd.networking.listeners.http import client_filters, connection_manager, rds
from meshd.networking.listeners.telemetry import http_access_logs, outbound_tags
from meshd.networking.lookup import mesh_config
from meshd.networking.names import gateway_credential, gateway_credential_ca
from meshd.networking.proto import ADS, boolean, extension, resource
from meshd.networking.scopes import WorkloadScope

_TLS_INSPECTOR = extension("envoy.filters.listener.tls_inspector", tls_inspector_pb2.TlsInspector())
_TLS_VERSIONS = {"TLSV1_0": "TLSv1_0", "TLSV1_1": "TLSv1_1", "TLSV1_2": "TLSv1_2", "TLSV1_3": "TLSv1_3"}


def gateway_listeners(read: Reader, scope: Scope) -> tuple[int, ...]:
    assert isinstance(scope, WorkloadScope)
    return tuple(dict.fromkeys(b.listen for b in read.query(gateway_servers, scope) if _open(read, scope, b)))


def _open(read: Reader, scope: WorkloadScope, bound: BoundServer) -> bool:
    return bound.is_http and served(read, scope, bound)


def build_gateway_listener(read: Reader, scope: Scope, item: object) -> Resource | None:
    """The listener of one port; None when none of its servers can be served."""
    assert isinstance(scope, WorkloadScope)
    assert isinstance(item, int)
    servers = [b for b in read.query(gateway_servers, scope) if b.listen == item and _open(read, scope, b)]
    chains = [_tls_chain(read, scope, bound) for bound in _unique(servers) if bound.is_tls]
    plain = next((bound for bound in servers if not bound.is_tls), None)
    if plain is not None:
        chains.append({"filters": [_manager(read, scope, plain)]})
    if not chains:
        return None
    listener = listener_pb2.Listener(
        name=f"0.0.0.0_{item}",
        address={"socket_address": {"address": "0.0.0.0", "port_value": item}},
        traffic_direction="OUTBOUND",
        listener_filters=[_TLS_INSPECTOR] if any(bound.is_tls for bound in servers) else [],
        filter_chains=chains,
    )
    policies = read.query(policies_for, scope.namespace, scope.labels)
    refs = dict.fromkeys([bound.gateway.ref for bound in servers] + [policy.ref for policy in policies])
    return resource(listener.name, listener, refs)


def _unique(servers: list[BoundServer]) -> list[BoundServer]:
    """Drop servers whose hosts an older one already has: Envoy refuses two chains with one match."""
    taken: set[str] = set()
    kept = []
    for bound in servers:
        hosts = set(sni_hosts(bound.server)) or {"*"}
        if not bound.is_tls or not hosts & taken:
            kept.append(bound)
            taken |= hosts if bound.is_tls else set()
    return kept


def _tls_chain(read: Reader, scope: WorkloadScope, bound: BoundServer) -> dict[str, Any]:
    assert bound.server.tls is not None
    match: dict[str, Any] = {"transport_protocol": "tls"}
    names = sni_hosts(bound.server)
    if names:
        match["server_names"] = list(names)
    return {
        "filter_chain_match": match,
        "transport_socket": _server_socket(bound.server.tls),
        "filters": [_manager(read, scope, bound)],
    }


def _manager(read: Reader, scope: WorkloadScope, bound: BoundServer) -> dict[str, Any]:
    logs = http_access_logs(outbound_tags(), "http", read.query(mesh_config).access_log)
    policies = read.query(policies_for, scope.namespace, scope.labels)
    return connection_manager(
        read,
        f"outbound_0.0.0.0_{bound.listen}",
        logs,
        [*http_rbac_filters(read, policies), *client_filters()],
        rds=rds(bound.route),
        use_remote_address=boolean(True),
        forward_client_cert_details="SANITIZE_SET",
        set_current_client_cert_details={"subject": {"value": True}, "dns": True, "uri": True},
    )


def _server_socket(tls: ServerTls) -> dict[str, Any]:
    """https://istio.io/latest/docs/reference/config/networking/gateway/#ServerTLSSettings"""
    common: dict[str, Any] = {
        "alpn_protocols": ["h2", "http/1.1"],
        "tls_certificate_sds_secret_configs": [{"name": gateway_credential(tls.credential_name), "sds_config": ADS}],
        "tls_params": _parameters(tls),
    }
    mutual = tls.mode is ServerTlsMode.MUTUAL
    if mutual:
        roots = {"name": gateway_credential_ca(tls.credential_name), "sds_config": ADS}
        sans = [
            {"san_type": kind, "matcher": {"exact": san}} for san in tls.subject_alt_names for kind in ("DNS", "URI")
        ]
        common["combined_validation_context"] = {
            "default_validation_context": {"match_typed_subject_alt_names": sans},
            "validation_context_sds_secret_config": roots,
        }
    context = tls_pb2.DownstreamTlsContext(common_tls_context=common, require_client_certificate=boolean(mutual))
    return extension("envoy.transport_sockets.tls", context)


def _parameters(tls: ServerTls) -> dict[str, Any]:
    parameters: dict[str, Any] = {
        "tls_minimum_protocol_version": _TLS_VERSIONS.get(tls.min_version, "TLSv1_2"),
    }
    if tls.max_version in _TLS_VERSIONS:
        parameters["tls_maximum_protocol_version"] = _TLS_VERSIONS[tls.max_version]
    if tls.cipher_suites:
        parameters["cipher_suites"] = list(tls.cipher_suites)
    return parameters
