"""Secrets as gateways read them."""

from __future__ import annotations

from conformance.certificates import KeyPair
from conformance.manifests import Object


def secret(namespace: str, name: str, pair: KeyPair | None = None, **more: str) -> Object:
    """A Secret with a key pair, and with `ca_crt` and `ca_crl` as the files ca.crt and ca.crl.

    A pair alone has the type that Kubernetes has for it.
    """
    data = {} if pair is None else {"tls.crt": pair.certificate, "tls.key": pair.key}
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "type": "kubernetes.io/tls" if pair and not more else "Opaque",
        "metadata": {"name": name, "namespace": namespace},
        "stringData": {**data, **{key.replace("_", "."): text for key, text in more.items()}},
    }
