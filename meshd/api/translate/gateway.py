"""Gateway -> Gateway of the model."""

from meshd.api.istio import gateway as istio
from meshd.api.istio.tls_settings import ServerTLSSettings
from meshd.api.object import IstioObject
from meshd.api.translate.names import created, ref_of
from meshd.model.gateway import Gateway, GatewayServer, ServerTls, ServerTlsMode
from meshd.model.labels import labels_of
from meshd.model.mesh import MeshConfig


def translate_gateway(istio_object: IstioObject[istio.Gateway], mesh: MeshConfig) -> Gateway:
    return Gateway(
        ref=ref_of(istio_object),
        selector=labels_of(istio_object.spec.selector),
        servers=tuple(_server(server) for server in istio_object.spec.servers),
        created=created(istio_object),
    )


def _server(server: istio.Server) -> GatewayServer:
    return GatewayServer(
        port=server.port.number,
        protocol=server.port.protocol.upper(),
        port_name=server.port.name,
        hosts=tuple(host.lower() for host in server.hosts),
        tls=_tls(server.tls) if server.tls else None,
        bind=server.bind,
    )


def _tls(tls: ServerTLSSettings) -> ServerTls | None:
    mode = tls.mode if tls.mode in ServerTlsMode.__members__ else "PASSTHROUGH"
    versions = [v if v != "TLS_AUTO" else "" for v in (tls.min_protocol_version, tls.max_protocol_version)]
    return ServerTls(
        mode=ServerTlsMode(mode),
        credential_name=tls.credential_name,
        https_redirect=tls.https_redirect,
        subject_alt_names=tls.subject_alt_names,
        min_version=versions[0],
        max_version=versions[1],
        cipher_suites=tls.cipher_suites,
    )
