"""ServiceEntry -> a Service for each host, and the EndpointSlice of the endpoints it lists."""

from collections.abc import Iterator

from meshd.api.istio import service_entry as istio
from meshd.api.object import IstioObject
from meshd.api.translate.names import created
from meshd.api.translate.sidecar import port_protocol
from meshd.api.translate.workload_entry import is_socket, translate_endpoint
from meshd.model.labels import labels_of
from meshd.model.mesh import MeshConfig
from meshd.model.service import Endpoint, EndpointSlice, Protocol, Resolution, Service, ServicePort

_RESOLUTIONS = {
    "NONE": Resolution.ORIGINAL_DESTINATION,
    "STATIC": Resolution.ENDPOINTS,
    "DNS": Resolution.DNS,
    "DNS_ROUND_ROBIN": Resolution.DNS_ROUND_ROBIN,
    "DYNAMIC_DNS": Resolution.DYNAMIC_DNS,
}

_PROTOCOLS = {"UDP": Protocol.UDP, "HTTP_PROXY": Protocol.HTTP}
"""Beside those that a Sidecar's ports may have."""


def translate_service_entry(
    istio_object: IstioObject[istio.ServiceEntry], mesh: MeshConfig
) -> Iterator[Service | EndpointSlice]:
    resolution = _RESOLUTIONS[istio_object.spec.resolution]
    for host in dict.fromkeys(host.lower().removesuffix(".") for host in istio_object.spec.hosts):
        service = _service(istio_object, host, resolution)
        yield service
        if resolution is not Resolution.DYNAMIC_DNS:
            yield _endpoint_slice(istio_object, service)


def _service(istio_object: IstioObject[istio.ServiceEntry], host: str, resolution: Resolution) -> Service:
    spec, metadata = istio_object.spec, istio_object.metadata
    return Service(
        namespace=metadata.namespace,
        name=host,
        hostname=host,
        ports=tuple(_port(port) for port in spec.ports),
        selector=labels_of(spec.workload_selector.labels) if spec.workload_selector else (),
        addresses=spec.addresses,
        export_to=spec.export_to or ("*",),
        resolution=resolution,
        external=spec.location == "MESH_EXTERNAL",
        subject_alt_names=spec.subject_alt_names,
        entry=metadata.name,
        created=created(istio_object),
    )


def _port(port: istio.ServicePort) -> ServicePort:
    protocol = _PROTOCOLS.get(port.protocol.upper()) or port_protocol(port.protocol)
    return ServicePort(port.name, port.number, port.target_port or port.number, protocol)


def _endpoint_slice(istio_object: IstioObject[istio.ServiceEntry], service: Service) -> EndpointSlice:
    spec, metadata = istio_object.spec, istio_object.metadata
    return EndpointSlice(
        namespace=service.namespace,
        name=f"{service.entry}/{service.hostname}",
        hostname=service.hostname,
        ports=tuple((port.name, port.target_port or port.number) for port in spec.ports),
        endpoints=tuple(
            translate_endpoint(endpoint, metadata.namespace, metadata.name)
            for endpoint in spec.endpoints
            if endpoint.address and not is_socket(endpoint.address)
        )
        or _named_by_itself(service),
        entry=service.entry,
    )


def _named_by_itself(service: Service) -> tuple[Endpoint, ...]:
    """Without endpoints of its own, a host that DNS knows is its own endpoint."""
    asks_dns = service.resolution in (Resolution.DNS, Resolution.DNS_ROUND_ROBIN)
    return (Endpoint(service.hostname),) if asks_dns and not service.selector else ()
