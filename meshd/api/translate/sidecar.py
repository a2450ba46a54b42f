"""Sidecar -> the model's."""

from meshd.api.istio import sidecar as istio
from meshd.api.istio.connection_pool import ConnectionPoolSettings
from meshd.api.object import IstioObject
from meshd.api.translate.connection_pool import translate_connection_pool
from meshd.api.translate.names import created, ref_of
from meshd.api.translate.server_tls import translate_server_tls
from meshd.api.translate.virtual_service import translate_destination
from meshd.api.translate.workload_entry import UNIX
from meshd.model.destination import ConnectionPool
from meshd.model.labels import labels_of
from meshd.model.mesh import MeshConfig
from meshd.model.service import Protocol
from meshd.model.sidecar import EgressListener, HostSelector, IngressListener, OutboundPolicy, Sidecar

EVERYTHING = EgressListener((HostSelector("*", "*"),))
"""What a Sidecar without egress lets its workloads see."""
_LOOPBACK = "127.0.0.1"
_ANYWHERE = "0.0.0.0"


def translate_sidecar(istio_object: IstioObject[istio.Sidecar], mesh: MeshConfig) -> Sidecar:
    spec, namespace = istio_object.spec, istio_object.metadata.namespace
    return Sidecar(
        ref=ref_of(istio_object),
        egress=tuple(_egress(listener) for listener in spec.egress) or (EVERYTHING,),
        selector=labels_of(spec.workload_selector.labels) if spec.workload_selector else (),
        ingress=tuple(_ingress(listener) for listener in spec.ingress),
        outbound=_outbound(spec.outbound_traffic_policy, namespace, mesh),
        inbound_pool=_pool(spec.inbound_connection_pool),
        created=created(istio_object),
    )


def _egress(listener: istio.IstioEgressListener) -> EgressListener:
    captured = listener.capture_mode != "NONE"
    return EgressListener(
        hosts=tuple(_host_selector(host) for host in listener.hosts),
        port=listener.port.number if listener.port else 0,
        protocol=port_protocol(listener.port.protocol) if listener.port else Protocol.TCP,
        bind=listener.bind or ("" if captured else _LOOPBACK),
        captured=captured,
    )


def _host_selector(text: str) -> HostSelector:
    """From "namespace/host"."""
    namespace, _, host = text.partition("/")
    return HostSelector(namespace, host.lower())


def _ingress(listener: istio.IstioIngressListener) -> IngressListener:
    address, _, port = listener.default_endpoint.rpartition(":")
    return IngressListener(
        port=listener.port.number,
        protocol=port_protocol(listener.port.protocol),
        endpoint=(address.strip("[]"), int(port)) if port.isdecimal() else None,
        pool=_pool(listener.connection_pool),
        tls=translate_server_tls(listener.tls) if listener.tls else None,
        bind=_bind(listener),
    )


def _bind(listener: istio.IstioIngressListener) -> str:
    """A socket in the file system is not listened at."""
    captured = listener.capture_mode != "NONE" or listener.bind.startswith(UNIX)
    return "" if captured else listener.bind or _ANYWHERE


def _outbound(policy: istio.OutboundTrafficPolicy | None, namespace: str, mesh: MeshConfig) -> OutboundPolicy | None:
    if policy is None:
        return None
    proxy = policy.egress_proxy
    return OutboundPolicy(
        registry_only=policy.mode == "REGISTRY_ONLY",
        egress_proxy=translate_destination(proxy, namespace, mesh) if proxy else None,
    )


def _pool(pool: ConnectionPoolSettings | None) -> ConnectionPool | None:
    return translate_connection_pool(pool) if pool else None


def port_protocol(name: str) -> Protocol:
    """https://istio.io/latest/docs/reference/config/networking/gateway/#Port"""
    return _PROTOCOLS.get(name.upper(), Protocol.TCP)


_PROTOCOLS = {
    "HTTP": Protocol.HTTP,
    "HTTP2": Protocol.HTTP2,
    "GRPC": Protocol.GRPC,
    "GRPC-WEB": Protocol.GRPC,
    "HTTPS": Protocol.HTTPS,
    "TLS": Protocol.TLS,
}
