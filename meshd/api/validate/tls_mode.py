"""Settings of TLS that the chosen mode makes no use of.

https://istio.io/latest/docs/reference/config/networking/gateway/#ServerTLSSettings-TLSmode
https://istio.io/latest/docs/reference/config/networking/destination-rule/#ClientTLSSettings-TLSmode
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from meshd.api.istio.message import Message
from meshd.api.istio.tls_settings import ClientTLSSettings, ServerTLSSettings
from meshd.api.problem import Problem
from meshd.api.walk import set_fields


class _Unused(NamedTuple):
    """`fields` None stands for all that say something of TLS."""

    why: str
    fields: tuple[str, ...] | None = None


_NOT_OF_TLS = ("mode", "httpsRedirect")
_PASSED_ON = _Unused("connections are passed on unopened")
_SERVER = {
    "PASSTHROUGH": _PASSED_ON,
    "AUTO_PASSTHROUGH": _PASSED_ON,
    "SIMPLE": _Unused(
        "clients are asked for no certificate",
        ("caCertificates", "caCertCredentialName", "subjectAltNames", "insecureSkipVerify"),
    ),
    "ISTIO_MUTUAL": _Unused(
        "clients are verified by the mesh's certificates", ("caCertCredentialName", "caCrl", "insecureSkipVerify")
    ),
}
_CLIENT = {
    "DISABLE": _Unused("connections are plain"),
    "SIMPLE": _Unused("no certificate is shown", ("clientCertificate", "privateKey")),
    "ISTIO_MUTUAL": _Unused(
        "the mesh's certificates serve",
        ("clientCertificate", "privateKey", "caCertificates", "caCrl", "credentialName", "insecureSkipVerify"),
    ),
}


def warn_server_tls(tls: ServerTLSSettings, path: str) -> Iterator[Problem]:
    """Of a Gateway's server."""
    yield from _warn(tls, tls.mode, _SERVER.get(tls.mode), path)
    in_a_secret = tls.credential_name or tls.credential_names or tls.ca_cert_credential_name
    if tls.mode in ("MUTUAL", "OPTIONAL_MUTUAL") and in_a_secret and tls.ca_certificates:
        yield Problem(f"{path}.caCertificates", None, "has no effect: clients are verified by what the Secret holds")


def warn_client_tls(tls: ClientTLSSettings, path: str) -> Iterator[Problem]:
    """Of a DestinationRule."""
    return _warn(tls, tls.mode, _CLIENT.get(tls.mode), path)


def _warn(tls: Message, mode: str, unused: _Unused | None, path: str) -> Iterator[Problem]:
    if unused is None:
        return
    for name, _ in set_fields(tls):
        if name not in _NOT_OF_TLS and (unused.fields is None or name in unused.fields):
            yield Problem(f"{path}.{name}", None, f"has no effect with {mode}: {unused.why}")
