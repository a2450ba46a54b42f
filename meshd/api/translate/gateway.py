"""Gateway -> Gateway of the model."""

from meshd.api.istio import gateway as istio
from meshd.api.istio.tls_settings import ServerTLSSettings
from meshd.api.object import IstioObject
from meshd.api.translate.names import created, ref_of
from meshd.model.gateway import Gateway, GatewayServer, KeyPairFiles, ServerTls, ServerTlsMode
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


def _tls(tls: ServerTLSSettings) -> ServerTls:
    versions = [v if v != "TLS_AUTO" else "" for v in (tls.min_protocol_version, tls.max_protocol_version)]
    return ServerTls(
        mode=ServerTlsMode(tls.mode),
        credentials=tls.credential_names or ((tls.credential_name,) if tls.credential_name else ()),
        key_pair_files=_files(tls),
        ca_credential=tls.ca_cert_credential_name,
        ca_file=tls.ca_certificates,
        crl_file=tls.ca_crl,
        verify_spki=tls.verify_certificate_spki,
        verify_hash=tls.verify_certificate_hash,
        skip_verify=bool(tls.insecure_skip_verify),
        https_redirect=tls.https_redirect,
        subject_alt_names=tls.subject_alt_names,
        min_version=versions[0],
        max_version=versions[1],
        cipher_suites=tls.cipher_suites,
    )


def _files(tls: ServerTLSSettings) -> tuple[KeyPairFiles, ...]:
    if tls.server_certificate:
        return (KeyPairFiles(tls.server_certificate, tls.private_key),)
    return tuple(KeyPairFiles(each.server_certificate, each.private_key) for each in tls.tls_certificates)
