"""`envoyExtAuthzHttp` and `envoyExtAuthzGrpc` of mesh.yaml, with the fields of Istio's MeshConfig.

https://istio.io/latest/docs/reference/config/istio.mesh.v1alpha1/#MeshConfig-ExtensionProvider
"""

import re
from dataclasses import replace

import msgspec

from meshd.api.istio.message import DURATION_PATTERN, seconds
from meshd.api.validate.http_header import is_token
from meshd.model.ext_authz import CheckedBody, ExtAuthzProvider

DEFAULT_TIMEOUT = "600s"


class ProviderError(Exception):
    """What is wrong with a provider, for the operator."""


class _Strict(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    pass


class RequestBody(_Strict, frozen=True):
    """How much of a request's body is sent along, in bytes."""

    max_request_bytes: int
    allow_partial_message: bool = False
    pack_as_bytes: bool = False


class EnvoyExtAuthzGrpc(_Strict, frozen=True, kw_only=True):
    """`service` is "namespace/hostname" or the hostname alone; `status_on_error` a status code in quotes."""

    service: str
    port: int
    timeout: str = DEFAULT_TIMEOUT
    fail_open: bool = False
    clear_route_cache: bool = False
    status_on_error: str = ""
    include_request_body_in_check: RequestBody | None = None


class EnvoyExtAuthzHttp(EnvoyExtAuthzGrpc, frozen=True, kw_only=True):
    """Names of headers may begin or end with "*"."""

    path_prefix: str = ""
    include_request_headers_in_check: tuple[str, ...] = ()
    include_headers_in_check: tuple[str, ...] = ()
    """The same, by its old name."""
    include_additional_headers_in_check: dict[str, str] = {}
    headers_to_upstream_on_allow: tuple[str, ...] = ()
    headers_to_downstream_on_allow: tuple[str, ...] = ()
    headers_to_downstream_on_deny: tuple[str, ...] = ()


def grpc_provider(name: str, provider: EnvoyExtAuthzGrpc) -> ExtAuthzProvider:
    """Raises ProviderError."""
    return _provider(name, provider, is_grpc=True)


def http_provider(name: str, provider: EnvoyExtAuthzHttp) -> ExtAuthzProvider:
    """Raises ProviderError."""
    made = replace(
        _provider(name, provider, is_grpc=False),
        path_prefix=provider.path_prefix,
        checked_headers=provider.include_request_headers_in_check or provider.include_headers_in_check,
        added_headers=tuple(provider.include_additional_headers_in_check.items()),
        upstream_headers_on_allow=provider.headers_to_upstream_on_allow,
        downstream_headers_on_allow=provider.headers_to_downstream_on_allow,
        downstream_headers_on_deny=provider.headers_to_downstream_on_deny,
    )
    if made.path_prefix and not made.path_prefix.startswith("/"):
        raise ProviderError(f"extensionProviders: {name}: pathPrefix must begin with /")
    for header, value in made.added_headers:
        if not is_token(header) or not value.isprintable():
            raise ProviderError(f"extensionProviders: {name}: {header} is no header that can be added")
    return made


def _provider(name: str, provider: EnvoyExtAuthzGrpc, is_grpc: bool) -> ExtAuthzProvider:
    namespace, _, host = provider.service.rpartition("/")
    if not host or not 1 <= provider.port <= 65535:
        raise ProviderError(f"extensionProviders: {name}: service and port must be those of a service")
    if not re.search(DURATION_PATTERN, provider.timeout) or not seconds(provider.timeout):
        raise ProviderError(f'extensionProviders: {name}: timeout must be a duration such as "5s"')
    return ExtAuthzProvider(
        name=name,
        host=host.lower(),
        port=provider.port,
        is_grpc=is_grpc,
        namespace=namespace,
        timeout=seconds(provider.timeout),
        fail_open=provider.fail_open,
        status_on_error=_status(name, provider.status_on_error),
        body=_body(name, provider.include_request_body_in_check),
        clear_route_cache=provider.clear_route_cache,
    )


def _status(name: str, text: str) -> int:
    """0 for none."""
    if not text:
        return 0
    if not text.isdecimal() or not 200 <= int(text) <= 511:
        raise ProviderError(f'extensionProviders: {name}: statusOnError must be a status code such as "403"')
    return int(text)


def _body(name: str, body: RequestBody | None) -> CheckedBody | None:
    if body is None:
        return None
    if not 0 < body.max_request_bytes < 2**32:
        raise ProviderError(f"extensionProviders: {name}: maxRequestBytes must be above 0")
    return CheckedBody(body.max_request_bytes, body.allow_partial_message, body.pack_as_bytes)
