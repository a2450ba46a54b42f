"""Gateway -> Gateway of the model."""

from meshd.api.istio import gateway as istio
from meshd.api.object import IstioObject
from meshd.api.translate.names import created, ref_of
from meshd.api.translate.server_tls import translate_server_tls
from meshd.model.gateway import Gateway, GatewayServer
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
        tls=translate_server_tls(server.tls) if server.tls else None,
        bind=server.bind,
        name=server.name,
    )
