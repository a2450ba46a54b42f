"""Values of labels as Envoy's command operators.

https://www.envoyproxy.io/docs/envoy/latest/configuration/observability/access_log/usage#command-operators
"""

from meshd.model.telemetry import Expression, Literal, Value

_OPERATORS = {
    "request.host": "REQ(:AUTHORITY)",
    "request.method": "REQ(:METHOD)",
    "request.scheme": "REQ(:SCHEME)",
    "request.path": "REQ(:PATH)",
    "request.url_path": "PATH(NQ)",
    "request.useragent": "REQ(USER-AGENT)",
    "request.referer": "REQ(REFERER)",
    "request.id": "REQ(X-REQUEST-ID)",
    "request.protocol": "PROTOCOL",
    "request.size": "BYTES_RECEIVED",
    "response.code": "RESPONSE_CODE",
    "response.code_details": "RESPONSE_CODE_DETAILS",
    "response.grpc_status": "GRPC_STATUS_NUMBER",
    "response.size": "BYTES_SENT",
    "source.address": "DOWNSTREAM_REMOTE_ADDRESS",
    "source.port": "DOWNSTREAM_REMOTE_PORT",
    "destination.address": "DOWNSTREAM_LOCAL_ADDRESS",
    "destination.port": "DOWNSTREAM_LOCAL_PORT",
    "upstream.address": "UPSTREAM_HOST",
    "upstream.port": "UPSTREAM_REMOTE_PORT",
    "connection.requested_server_name": "REQUESTED_SERVER_NAME",
    "connection.tls_version": "DOWNSTREAM_TLS_VERSION",
    "connection.uri_san_peer_certificate": "DOWNSTREAM_PEER_URI_SAN",
    "connection.subject_peer_certificate": "DOWNSTREAM_PEER_SUBJECT",
    "xds.cluster_name": "UPSTREAM_CLUSTER_RAW",
    "xds.route_name": "ROUTE_NAME",
}
_HEADERS = {"request.headers": "REQ", "response.headers": "RESP"}


def format_of(value: Value) -> str:
    """A format string; what has no operator of its own is evaluated as CEL, which takes longer."""
    if isinstance(value, Literal):
        return value.text
    if isinstance(value, Expression):
        return f"%CEL({value.text})%"
    if value.key and value.name in _HEADERS:
        return f"%{_HEADERS[value.name]}({value.key.upper()})%"
    if not value.key and value.name in _OPERATORS:
        return f"%{_OPERATORS[value.name]}%"
    name = f"{value.name}['{value.key}']" if value.key else value.name
    return f"%CEL({name})%"
