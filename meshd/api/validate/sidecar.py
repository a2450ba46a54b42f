"""Sidecar: hosts, listeners and where the application listens."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_address

from meshd.api.istio.sidecar import IstioEgressListener, IstioIngressListener, Sidecar, SidecarPort
from meshd.api.istio.tls_settings import ServerTLSSettings
from meshd.api.object import IstioObject
from meshd.api.problem import Problem, listing

from .http_route import check_destination
from .load_balancer import check_connection_pool
from .names import check_labels, check_port, is_dns_label, is_dns_name, is_ip_address
from .server_tls import check_server_tls
from .tls_mode import warn_server_tls

PROTOCOLS = ("HTTP", "HTTP2", "GRPC", "GRPC-WEB", "HTTPS", "TLS", "TCP", "MONGO", "MYSQL", "REDIS")
UNIX = "unix://"
PROXY_PORTS = frozenset((15000, 15001, 15006, 15021, 15090))
"""Administration, outbound, inbound, health and metrics."""
_LOCAL = ("127.0.0.1", "0.0.0.0", "::1", "::")


def check_sidecar(sidecar: IstioObject[Sidecar]) -> Iterator[Problem]:
    """Why this Sidecar must be refused.

    https://istio.io/latest/docs/reference/config/networking/sidecar/
    """
    spec = sidecar.spec
    if spec.workload_selector is not None:
        yield from check_labels(spec.workload_selector.labels, "spec.workloadSelector.labels")
    catching_all = [index for index, listener in enumerate(spec.egress) if listener.port is None]
    for index in catching_all[1:]:
        yield Problem(f"spec.egress[{index}].port", None, "only one egress listener may be without a port: the last")
    if catching_all and catching_all[0] != len(spec.egress) - 1:
        yield Problem(f"spec.egress[{catching_all[0]}]", None, "a listener without a port must be the last")
    for index, egress in enumerate(spec.egress):
        yield from _check_egress(egress, f"spec.egress[{index}]")
    for index, ingress in enumerate(spec.ingress):
        yield from _check_ingress(ingress, f"spec.ingress[{index}]")
    ports = [ingress.port.number for ingress in spec.ingress]
    for index, port in enumerate(ports):
        if port in ports[:index]:
            yield Problem(f"spec.ingress[{index}].port.number", port, "is another ingress listener's port already")
    if spec.inbound_connection_pool is not None:
        yield from check_connection_pool(spec.inbound_connection_pool, "spec.inboundConnectionPool")
    policy = spec.outbound_traffic_policy
    if policy is not None and policy.egress_proxy is not None:
        yield from check_destination(policy.egress_proxy, "spec.outboundTrafficPolicy.egressProxy")
        if policy.mode == "REGISTRY_ONLY":
            path = "spec.outboundTrafficPolicy.egressProxy"
            yield Problem(path, None, "has an effect with mode ALLOW_ANY only; set that mode or leave it out")


def warn_sidecar(sidecar: IstioObject[Sidecar]) -> Iterator[Problem]:
    """What is allowed but has no effect here."""
    for index, egress in enumerate(sidecar.spec.egress):
        if egress.bind.startswith(UNIX):
            yield Problem(f"spec.egress[{index}].bind", egress.bind, "sockets in the file system are not listened at")
    for index, ingress in enumerate(sidecar.spec.ingress):
        if ingress.tls is not None:
            yield from warn_server_tls(ingress.tls, f"spec.ingress[{index}].tls")
        if ingress.bind.startswith(UNIX):
            yield Problem(f"spec.ingress[{index}].bind", ingress.bind, "sockets in the file system are not listened at")
        elif ingress.bind and ingress.capture_mode != "NONE":
            reason = "has no effect: the proxy is handed what comes to the port at any address; set captureMode NONE"
            yield Problem(f"spec.ingress[{index}].bind", ingress.bind, reason)
        if ingress.capture_mode == "NONE" and not ingress.bind.startswith((UNIX, "127.")):
            reason = (
                "comes in by the proxy's other port all the same, without the client's identity, where the pod's"
                " annotation traffic.sidecar.istio.io/excludeInboundPorts does not name it"
            )
            yield Problem(f"spec.ingress[{index}].port.number", ingress.port.number, reason)
        if ingress.capture_mode == "NONE" and ingress.default_endpoint.startswith(("0.0.0.0:", "[::]:")):
            reason = "is reached at 127.0.0.1: what is not captured has no address that it was meant for"
            yield Problem(f"spec.ingress[{index}].defaultEndpoint", ingress.default_endpoint, reason)
        if ingress.default_endpoint.startswith(UNIX):
            path = f"spec.ingress[{index}].defaultEndpoint"
            yield Problem(path, ingress.default_endpoint, "is a socket in the file system, which is not reached")


def _check_egress(listener: IstioEgressListener, path: str) -> Iterator[Problem]:
    if not listener.hosts:
        yield Problem(f"{path}.hosts", None, 'must name at least one host, such as "./*" or "shop/*"')
    for index, host in enumerate(listener.hosts):
        yield from _check_host(host, f"{path}.hosts[{index}]")
    if listener.port is not None:
        yield from _check_listener_port(listener.port, f"{path}.port")
    if listener.bind and listener.port is None:
        yield Problem(f"{path}.bind", listener.bind, "needs a port to listen at")
    if listener.capture_mode == "NONE" and listener.port is None:
        yield Problem(f"{path}.captureMode", "NONE", "needs a port to listen at")
    if listener.bind and not (is_ip_address(listener.bind) or listener.bind.startswith(UNIX)):
        yield Problem(f"{path}.bind", listener.bind, "must be an IP address")


def _check_host(host: str, path: str) -> Iterator[Problem]:
    namespace, slash, name = host.partition("/")
    if not slash:
        yield Problem(path, host, f'must be namespace/host, such as "*/{host}" or "./{host}"')
        return
    if namespace not in ("*", ".", "~") and not is_dns_label(namespace):
        yield Problem(path, host, 'its namespace must be a name, "*", "." or "~"')
    if not is_dns_name(name, wildcard=True):
        yield Problem(path, host, 'its host must be a full DNS name, "*", or one that starts with "*."')


def _check_ingress(listener: IstioIngressListener, path: str) -> Iterator[Problem]:
    yield from _check_listener_port(listener.port, f"{path}.port")
    endpoint = listener.default_endpoint
    if endpoint and not endpoint.startswith(UNIX):
        address, _, port = endpoint.rpartition(":")
        if not port.isdecimal() or not 1 <= int(port) <= 65535 or not _is_local(address):
            reason = "must be 127.0.0.1:PORT or 0.0.0.0:PORT, where the application listens"
            yield Problem(f"{path}.defaultEndpoint", endpoint, reason)
    if listener.bind and not (is_ip_address(listener.bind) or listener.bind.startswith(UNIX)):
        yield Problem(f"{path}.bind", listener.bind, "must be an IP address")
    if listener.capture_mode == "NONE":
        yield from _check_bound(listener, path)
    if listener.connection_pool is not None:
        yield from check_connection_pool(listener.connection_pool, f"{path}.connectionPool")
    if listener.tls is not None:
        yield from _check_tls(listener.tls, f"{path}.tls")


def _check_bound(listener: IstioIngressListener, path: str) -> Iterator[Problem]:
    """What the proxy listens at itself."""
    address, _, port = listener.default_endpoint.rpartition(":")
    if not listener.default_endpoint:
        reason = "is required with captureMode NONE: else the proxy passes what comes to the port to itself"
        yield Problem(f"{path}.defaultEndpoint", None, reason)
    elif port == str(listener.port.number) and listener.bind in ("", "0.0.0.0", "::", address.strip("[]")):
        reason = "is where the proxy is to listen itself (captureMode NONE): give the application another port"
        yield Problem(f"{path}.defaultEndpoint", listener.default_endpoint, reason)
    if listener.port.number in PROXY_PORTS:
        yield Problem(f"{path}.port.number", listener.port.number, "is a port of the proxy's own")


def _check_tls(tls: ServerTLSSettings, path: str) -> Iterator[Problem]:
    if tls.mode not in ("SIMPLE", "MUTUAL"):
        yield Problem(f"{path}.mode", tls.mode, "must be SIMPLE or MUTUAL at a sidecar")
    elif tls.credential_name or tls.credential_names or tls.ca_cert_credential_name:
        reason = "must be left out: a sidecar reads no Secrets; mount files and set serverCertificate and privateKey"
        yield Problem(f"{path}.credentialName", tls.credential_name or None, reason)
    elif tls.https_redirect:
        yield Problem(f"{path}.httpsRedirect", None, "must be left out: a sidecar redirects nothing, a Gateway may")
    elif not (tls.server_certificate or tls.private_key or tls.tls_certificates):
        yield Problem(path, None, f"{tls.mode} needs serverCertificate and privateKey, files in the proxy's container")
    else:
        yield from check_server_tls(tls, path)


def _is_local(address: str) -> bool:
    try:
        return str(ip_address(address.strip("[]"))) in _LOCAL
    except ValueError:
        return False


def _check_listener_port(port: SidecarPort, path: str) -> Iterator[Problem]:
    yield from check_port(port.number, f"{path}.number")
    if port.protocol.upper() not in PROTOCOLS:
        yield Problem(f"{path}.protocol", port.protocol, f"must be {listing(list(PROTOCOLS))}")
