"""Requests that are answered with another place to go to."""

from typing import Any

from meshd.model.route import Redirect
from meshd.networking.place import Place

_CODES = {
    301: "MOVED_PERMANENTLY",
    302: "FOUND",
    303: "SEE_OTHER",
    307: "TEMPORARY_REDIRECT",
    308: "PERMANENT_REDIRECT",
}
_DEFAULT_PORTS = {"http": 80, "https": 443}


def redirect_action(redirect: Redirect, place: Place) -> dict[str, Any]:
    """RedirectAction. The query stays; a port that is the scheme's default is not written out, as in Istio.

    https://istio.io/latest/docs/reference/config/networking/virtual-service/#HTTPRedirect
    """
    fields: dict[str, Any] = {"response_code": _CODES.get(redirect.code, "MOVED_PERMANENTLY")}
    if redirect.uri:
        fields["path_redirect"] = redirect.uri
    if redirect.prefix_rewrite:
        fields["prefix_rewrite"] = redirect.prefix_rewrite
    if redirect.authority:
        fields["host_redirect"] = redirect.authority
    if redirect.scheme:
        fields["scheme_redirect"] = redirect.scheme
    port = place.port if redirect.derive_port == "FROM_REQUEST_PORT" else redirect.port
    if port and port != _DEFAULT_PORTS.get(redirect.scheme or place.scheme):
        fields["port_redirect"] = port
    return fields
