"""PeerAuthentication -> the model's."""

from meshd.api.istio import peer_authentication as istio
from meshd.api.object import IstioObject
from meshd.api.translate.names import created, ref_of, selector_labels
from meshd.model.mesh import MeshConfig
from meshd.model.security import MtlsMode, PeerAuthentication


def translate_peer_authentication(
    istio_object: IstioObject[istio.PeerAuthentication], mesh: MeshConfig
) -> PeerAuthentication:
    spec = istio_object.spec
    ports = ((port, _mode(mtls)) for port, mtls in sorted(spec.port_level_mtls.items()))
    return PeerAuthentication(
        ref=ref_of(istio_object),
        selector=selector_labels(spec.selector),
        mode=_mode(spec.mtls),
        port_modes=tuple((port, mode) for port, mode in ports if mode is not None),
        created=created(istio_object),
    )


def _mode(mtls: istio.MutualTLS | None) -> MtlsMode | None:
    """UNSET inherits."""
    return None if mtls is None or mtls.mode == "UNSET" else MtlsMode(mtls.mode)
