"""Where the keys that verify tokens come from: the rule itself, or a server that each proxy asks by itself.

Nothing waits for keys: while they are missing, tokens are refused and requests without a token go on.
"""

from typing import Any

from envoy.config.cluster.v3 import cluster_pb2

from meshd.model.destination import ClientTls, ConnectionPool, TlsMode
from meshd.model.hosts import is_ip_address
from meshd.model.memo import Reader
from meshd.model.request_authentication import JwtRule
from meshd.model.resource import Resource, Scope
from meshd.networking.authentication.key_servers import KeyServer, jwks_uri, key_server
from meshd.networking.authentication.rules import jwt_rules
from meshd.networking.clusters.connection_pool import circuit_breakers, connection_settings
from meshd.networking.clusters.tls import client_tls_socket
from meshd.networking.names import BLACK_HOLE_CLUSTER
from meshd.networking.proto import boolean, duration, resource
from meshd.networking.scopes import WorkloadScope

CACHED_SECONDS = 300.0
"""How long keys are used before they are fetched again; Istio's default."""
DEFAULT_TIMEOUT = 5.0
NOWHERE = "http://keys.invalid/"
"""Where keys of an issuer without any are asked for (RFC 6761, section 6.4)."""


def keys(read: Reader, namespace: str, rule: JwtRule) -> dict[str, Any]:
    """JwtProvider's source of keys. Envoy refuses an empty set, so an issuer without keys is one whose fetch fails."""
    if rule.jwks:
        return {"local_jwks": {"inline_string": rule.jwks}}
    where = jwks_uri(read, rule)
    if not where:
        uri = {"uri": NOWHERE, "cluster": BLACK_HOLE_CLUSTER, "timeout": duration(DEFAULT_TIMEOUT)}
        return {"remote_jwks": {"http_uri": uri}}
    uri = {
        "uri": where,
        "cluster": read.query(key_server, namespace, where).cluster,
        "timeout": duration(rule.timeout or DEFAULT_TIMEOUT),
    }
    fetch = {"fast_listener": True}
    return {"remote_jwks": {"http_uri": uri, "cache_duration": duration(CACHED_SECONDS), "async_fetch": fetch}}


def key_clusters(read: Reader, scope: Scope) -> tuple[KeyServer, ...]:
    """Servers that need a cluster of their own."""
    assert isinstance(scope, WorkloadScope)
    uris = dict.fromkeys(jwks_uri(read, rule) for rule in read.query(jwt_rules, scope))
    servers = (read.query(key_server, scope.namespace, uri) for uri in uris if uri)
    return tuple(dict.fromkeys(server for server in servers if not server.service))


def build_key_cluster(read: Reader, scope: Scope, item: object) -> Resource:
    """A server outside the mesh, found by DNS and, with TLS, known by its name to the system's roots.

    Envoy does not wait for DNS at its start: a name that cannot be found holds up nothing else.
    """
    assert isinstance(item, KeyServer)
    is_address = is_ip_address(item.host)
    address = {"socket_address": {"address": item.host, "port_value": item.port}}
    settings: dict[str, Any] = {
        "type": "STATIC" if is_address else "LOGICAL_DNS",
        "load_assignment": {
            "cluster_name": item.cluster,
            "endpoints": [{"lb_endpoints": [{"endpoint": {"address": address}}]}],
        },
        "circuit_breakers": circuit_breakers(ConnectionPool()),
        **connection_settings(ConnectionPool()),
    }
    if not is_address:
        settings |= {"dns_lookup_family": "V4_PREFERRED", "wait_for_warm_on_init": boolean(False)}
    if item.is_tls:
        tls = ClientTls(TlsMode.SIMPLE, sni="" if is_address else item.host, subject_alt_names=(item.host,))
        settings["transport_socket"] = client_tls_socket(tls, ("http/1.1",))
    return resource(item.cluster, cluster_pb2.Cluster(name=item.cluster, **settings))
