"""`extensionProviders` of mesh.yaml, as in Istio's MeshConfig: who decides about requests for policies with CUSTOM.

https://istio.io/latest/docs/reference/config/istio.mesh.v1alpha1/#MeshConfig-ExtensionProvider
"""

import msgspec

from meshd.model.ext_authz import ExtAuthzProvider
from meshd.runtime.ext_authz import EnvoyExtAuthzGrpc, EnvoyExtAuthzHttp, ProviderError, grpc_provider, http_provider

__all__ = ["ExtensionProvider", "ProviderError", "ext_authz_providers"]


class ExtensionProvider(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """One of its fields besides the name is set."""

    name: str
    envoy_ext_authz_http: EnvoyExtAuthzHttp | None = None
    envoy_ext_authz_grpc: EnvoyExtAuthzGrpc | None = None


def ext_authz_providers(listed: tuple[ExtensionProvider, ...]) -> tuple[ExtAuthzProvider, ...]:
    """Raises ProviderError."""
    names = [each.name for each in listed]
    for name in names:
        if not name or names.count(name) > 1:
            raise ProviderError(f'extensionProviders: the name "{name}" must be there, and only once')
    return tuple(map(_provider, listed))


def _provider(listed: ExtensionProvider) -> ExtAuthzProvider:
    http, grpc = listed.envoy_ext_authz_http, listed.envoy_ext_authz_grpc
    if http is not None and grpc is None:
        return http_provider(listed.name, http)
    if grpc is not None and http is None:
        return grpc_provider(listed.name, grpc)
    raise ProviderError(f"extensionProviders: {listed.name} must have exactly one kind of provider")
