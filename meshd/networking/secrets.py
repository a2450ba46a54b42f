"""Key pairs and trust roots as SDS resources."""

from collections.abc import Iterable, Iterator
from typing import Any

from envoy.extensions.transport_sockets.tls.v3 import secret_pb2

from meshd.model.gateway import ServerTls
from meshd.model.memo import Reader
from meshd.model.resource import Resource, Scope
from meshd.model.tables import DESTINATIONS, KEY_PAIRS, SECRET_READERS, exported
from meshd.networking.gateways import ca_credential, gateway_servers, trusted_ca
from meshd.networking.inbound_ports import inbound_ports
from meshd.networking.lookup import sidecar_credentials
from meshd.networking.names import (
    CA_SUFFIX,
    file_certificate,
    file_root,
    gateway_credential,
    gateway_credential_ca,
)
from meshd.networking.proto import resource
from meshd.networking.scopes import WorkloadScope


def tls_certificate_secret(name: str, certificate_pem: bytes, private_key_pem: bytes) -> Resource:
    """A certificate chain with its key."""
    secret = secret_pb2.Secret(
        name=name,
        tls_certificate={
            "certificate_chain": {"inline_bytes": certificate_pem},
            "private_key": {"inline_bytes": private_key_pem},
        },
    )
    return resource(name, secret)


def validation_context_secret(name: str, ca_pem: bytes, crl_pem: bytes = b"") -> Resource:
    """The roots a peer's certificate must lead to, and which certificates are revoked."""
    context: dict[str, Any] = {"trusted_ca": {"inline_bytes": ca_pem}}
    if crl_pem:
        context["crl"] = {"inline_bytes": crl_pem}
    return resource(name, secret_pb2.Secret(name=name, validation_context=context))


def gateway_secrets(read: Reader, scope: Scope) -> tuple[str, ...]:
    """Names of the certificates that the gateway's servers show, and of the roots they check clients against; and what
    DestinationRules name for its own connections.

    Files come as secrets too: of one that is missing Envoy refuses this secret alone, not the port's listener.
    """
    assert isinstance(scope, WorkloadScope)
    settings = {s.server.tls for s in read.query(gateway_servers, scope) if s.server.tls}
    return tuple(sorted(_names(settings).union(_of_policies(read, scope.namespace))))


def sidecar_secrets(read: Reader, scope: Scope) -> tuple[str, ...]:
    """Files of the sidecar's ports, and what DestinationRules name that select the workload, if it may have it."""
    assert isinstance(scope, WorkloadScope)
    names = _names({port.tls for port in read.query(inbound_ports, scope) if port.tls})
    wanted = read.query(sidecar_credentials, scope.namespace, scope.labels)
    may_read = read.get(SECRET_READERS, f"{scope.namespace}/{scope.service_account}")
    if wanted and may_read:
        names.update(_credentials(wanted))
    return tuple(sorted(names))


def _names(settings: Iterable[ServerTls]) -> set[str]:
    return {name for tls in settings for name in (*certificate_names(tls), root_name(tls))} - {""}


def _of_policies(read: Reader, namespace: str) -> Iterator[str]:
    for policy in read.find(DESTINATIONS, "credential", True):
        if exported(policy.export_to, policy.ref.namespace, namespace):
            yield from _credentials(policy.credentials)


def _credentials(names: Iterable[str]) -> Iterator[str]:
    for name in names:
        yield from (gateway_credential(name), gateway_credential_ca(name))


def certificate_names(tls: ServerTls) -> tuple[str, ...]:
    """The secrets with a server's certificates."""
    files = (file_certificate(pair.certificate, pair.private_key) for pair in tls.key_pair_files)
    return (*(gateway_credential(name) for name in tls.credentials), *files)


def root_name(tls: ServerTls) -> str:
    """The secret with the roots that clients' certificates must lead to; "" for none."""
    if tls.ca_file and not tls.ca_credential:
        return file_root(tls.ca_file, tls.crl_file)
    credential = ca_credential(tls)
    return gateway_credential_ca(credential) if credential else ""


def build_secret(read: Reader, scope: Scope, item: object) -> Resource | None:
    assert isinstance(scope, WorkloadScope)
    kind, _, name = str(item).partition(":")
    if kind != "kubernetes":
        return _file_secret(str(item))
    name = name.removeprefix("//")
    if not name.endswith(CA_SUFFIX):
        pair = read.get(KEY_PAIRS, f"{scope.namespace}/{name}")
        return tls_certificate_secret(str(item), pair.certificate, pair.private_key) if pair else None
    roots = trusted_ca(read, scope.namespace, name)
    return validation_context_secret(str(item), roots.ca, roots.crl) if roots else None


def _file_secret(name: str) -> Resource:
    kind, _, files = name.partition(":")
    first, _, second = files.partition("~")
    if kind == "file-cert":
        pair = {"certificate_chain": {"filename": first}, "private_key": {"filename": second}}
        return resource(name, secret_pb2.Secret(name=name, tls_certificate=pair))
    context = {"trusted_ca": {"filename": first}, **({"crl": {"filename": second}} if second else {})}
    return resource(name, secret_pb2.Secret(name=name, validation_context=context))
