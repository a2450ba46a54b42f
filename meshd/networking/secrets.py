"""Key pairs and trust roots as SDS resources."""

from envoy.extensions.transport_sockets.tls.v3 import secret_pb2

from meshd.model.memo import Reader
from meshd.model.resource import Resource, Scope
from meshd.model.tables import KEY_PAIRS
from meshd.networking.gateways import gateway_servers
from meshd.networking.names import gateway_credential, gateway_credential_ca
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


def validation_context_secret(name: str, ca_pem: bytes) -> Resource:
    """The roots a peer's certificate must lead to."""
    return resource(name, secret_pb2.Secret(name=name, validation_context={"trusted_ca": {"inline_bytes": ca_pem}}))


def gateway_secrets(read: Reader, scope: Scope) -> tuple[str, ...]:
    """Names of the Secrets that the gateway's servers show, and whose roots they check clients against."""
    assert isinstance(scope, WorkloadScope)
    names = {s.server.tls.credential_name for s in read.query(gateway_servers, scope) if s.server.tls}
    wanted: list[str] = []
    for name in sorted(names - {""}):
        wanted += [gateway_credential(name), gateway_credential_ca(name)]
    return tuple(wanted)


def build_gateway_secret(read: Reader, scope: Scope, item: object) -> Resource | None:
    assert isinstance(scope, WorkloadScope)
    name = str(item).removeprefix("kubernetes://")
    pair = read.get(KEY_PAIRS, f"{scope.namespace}/{name}")
    if pair is not None and pair.certificate and not name.endswith("-cacert"):
        return tls_certificate_secret(str(item), pair.certificate, pair.private_key)
    ca = trusted_ca(read, scope.namespace, name.removesuffix("-cacert"))
    return validation_context_secret(str(item), ca) if ca and name.endswith("-cacert") else None


def trusted_ca(read: Reader, namespace: str, credential: str) -> bytes:
    """Roots for verifying clients: the Secret `<credential>-cacert`, else `ca.crt` of the credential itself.

    https://istio.io/latest/docs/tasks/traffic-management/ingress/secure-ingress/#key-formats
    """
    own = read.get(KEY_PAIRS, f"{namespace}/{credential}-cacert")
    if own is not None and own.ca:
        return own.ca
    pair = read.get(KEY_PAIRS, f"{namespace}/{credential}")
    return pair.ca if pair else b""
