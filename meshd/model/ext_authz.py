"""Services that decide about requests: the providers of AuthorizationPolicies with action CUSTOM."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CheckedBody:
    """How much of a request's body the service is shown."""

    max_bytes: int
    allow_partial: bool = False
    as_bytes: bool = False


@dataclass(frozen=True, slots=True)
class ExtAuthzProvider:
    """A service that speaks Envoy's ext_authz protocol, over gRPC or plain HTTP.

    `namespace` is that of the service, "" for any. `timeout` is in seconds; `status_on_error` 0 leaves it to Envoy
    (403). Names of headers may begin or end with "*". What follows `clear_route_cache` is HTTP's alone.
    https://istio.io/latest/docs/reference/config/istio.mesh.v1alpha1/#MeshConfig-ExtensionProvider
    """

    name: str
    host: str
    port: int
    is_grpc: bool
    namespace: str = ""
    timeout: float = 600.0
    fail_open: bool = False
    status_on_error: int = 0
    body: CheckedBody | None = None
    clear_route_cache: bool = False
    path_prefix: str = ""
    checked_headers: tuple[str, ...] = ()
    added_headers: tuple[tuple[str, str], ...] = ()
    upstream_headers_on_allow: tuple[str, ...] = ()
    downstream_headers_on_allow: tuple[str, ...] = ()
    downstream_headers_on_deny: tuple[str, ...] = ()
