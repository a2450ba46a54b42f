"""Secret → KeyPair, for those that a Gateway or DestinationRule can name as its credential.

https://istio.io/latest/docs/reference/config/networking/gateway/#ServerTLSSettings (credentialName): a Secret
of type kubernetes.io/tls, or any with cert and key; the certificates to verify clients with are in ca.crt or
cacert, there, in a Secret of the same name with the suffix "-cacert", or in the one that caCertCredentialName names;
ca.crl beside them revokes certificates.
"""

from __future__ import annotations

from functools import partial

import msgspec

from meshd.ingest.kind import Rejected, Rows, WatchedKind
from meshd.ingest.kubernetes.metadata import ObjectMeta
from meshd.model.gateway import KeyPair
from meshd.model.tables import KEY_PAIRS
from meshd.pki.key_pair import crl_problem, key_pair_problem, roots_problem

MESH_CA = "meshd-ca"
"""The mesh's own root key, which no gateway may ever be told to serve."""
_UNFIT_TYPES = (
    "kubernetes.io/service-account-token",
    "kubernetes.io/dockerconfigjson",
    "bootstrap.kubernetes.io/token",
    "helm.sh/release.v1",
)


class _Data(msgspec.Struct, frozen=True):
    """Base64 in JSON; bytes here. Other keys are never looked at."""

    tls_crt: bytes = msgspec.field(default=b"", name="tls.crt")
    tls_key: bytes = msgspec.field(default=b"", name="tls.key")
    ca_crt: bytes = msgspec.field(default=b"", name="ca.crt")
    ca_crl: bytes = msgspec.field(default=b"", name="ca.crl")
    cert: bytes = b""
    key: bytes = b""
    cacert: bytes = b""


class _Secret(msgspec.Struct, frozen=True):
    metadata: ObjectMeta
    data: _Data | None = None


_DECODER = msgspec.json.Decoder(_Secret)


def watched(root_namespace: str) -> WatchedKind:
    selector = ",".join(f"type!={unfit}" for unfit in _UNFIT_TYPES)
    return WatchedKind("Secret", "/api/v1/secrets", partial(rows, root_namespace), selector)


def rows(root_namespace: str, raw: bytes) -> Rows:
    """One row for a key pair, or for for certificates to verify clients with; else none.

    Raises Rejected for one that Envoy would refuse, and with it everything else on the gateway's port.
    """
    secret = _DECODER.decode(raw)
    metadata, data = secret.metadata, secret.data or _Data()
    if metadata.key == f"{root_namespace}/{MESH_CA}":
        return ()
    pair = KeyPair(
        namespace=metadata.namespace,
        name=metadata.name,
        certificate=data.tls_crt or data.cert,
        private_key=data.tls_key or data.key,
        ca=data.ca_crt or data.cacert,
        crl=data.ca_crl,
    )
    is_pair = bool(pair.certificate and pair.private_key)
    is_ca = bool(pair.ca)
    if not (is_pair or is_ca):
        return ()
    problem = key_pair_problem(pair.certificate, pair.private_key) if is_pair else None
    problem = problem or (roots_problem(pair.ca) if pair.ca else None) or (crl_problem(pair.crl) if pair.crl else None)
    if problem:
        raise Rejected(f"Secret {metadata.key} cannot be served: {problem}")
    return ((KEY_PAIRS, metadata.key, pair),)
