"""Of Sidecars: TLS of a port's own where the mesh's goes before."""

from collections.abc import Iterator

from meshd.model.memo import Reader
from meshd.model.security import MtlsMode
from meshd.model.sidecar import Sidecar
from meshd.networking.advice.finding import Finding
from meshd.networking.mtls import mtls_mode


def of_sidecar(read: Reader, sidecar: Sidecar) -> Iterator[Finding]:
    for listener in sidecar.ingress:
        mode = read.query(mtls_mode, sidecar.ref.namespace, sidecar.selector, listener.port)
        if listener.tls is not None and mode is not MtlsMode.DISABLE:
            text = (
                f"port {listener.port} takes mutual TLS of the mesh ({mode.value}): TLS of its own has an effect once a"
                " PeerAuthentication says DISABLE for the port"
            )
            yield Finding("spec.ingress.tls", text)
