"""Gateway: servers, their ports, hosts and TLS."""

from __future__ import annotations

from collections.abc import Iterator

from meshd.api.istio.gateway import Gateway, Port, Server
from meshd.api.istio.tls_settings import ServerTLSSettings
from meshd.api.object import IstioObject
from meshd.api.problem import Problem, listing
from meshd.model.gateway import ServerTlsMode

from .names import check_port, is_dns_label, is_dns_name, is_ip_address
from .server_tls import check_server_tls
from .target import check_match_labels
from .tls_mode import warn_server_tls

HTTP_PROTOCOLS = ("HTTP", "HTTP2", "GRPC", "GRPC-WEB", "HTTP_PROXY")
TLS_PROTOCOLS = ("HTTPS", "TLS")
TCP_PROTOCOLS = ("TCP", "MONGO", "REDIS", "MYSQL", "UDP")
_UNIX = "unix://"


def check_gateway(gateway: IstioObject[Gateway]) -> Iterator[Problem]:
    """Why this Gateway must be refused."""
    name = gateway.metadata.name
    if name and not is_dns_label(name):
        yield Problem("metadata.name", name, "must be letters, digits and dashes, without dots")
    if not gateway.spec.servers:
        yield Problem("spec.servers", None, "must have at least one server")
    port_names: set[str] = set()
    for index, server in enumerate(gateway.spec.servers):
        path = f"spec.servers[{index}]"
        if server.port.name in port_names:
            yield Problem(f"{path}.port.name", server.port.name, "is used by another server; rename one")
        port_names.add(server.port.name)
        yield from _check_server(server, path)
    yield from check_match_labels(gateway.spec.selector, "spec.selector")


def warn_gateway(gateway: IstioObject[Gateway]) -> Iterator[Problem]:
    """What is allowed but surely not meant."""
    if not gateway.spec.selector:
        yield Problem("spec.selector", None, "is empty: every gateway of the mesh serves this")
    yield from _warn_names(gateway.spec.servers)
    for index, server in enumerate(gateway.spec.servers):
        path = f"spec.servers[{index}].tls"
        if server.tls is None:
            continue
        if server.tls.https_redirect and server.port.protocol.upper() not in HTTP_PROTOCOLS:
            yield Problem(f"{path}.httpsRedirect", True, "has an effect on HTTP ports only")
        yield from warn_server_tls(server.tls, path)


def _warn_names(servers: tuple[Server, ...]) -> Iterator[Problem]:
    """A name is for what is counted of HTTP. Without TLS all HTTP of a port is one."""
    first: dict[tuple[int, str], int] = {}
    for index, server in enumerate(servers):
        path, protocol = f"spec.servers[{index}].name", server.port.protocol.upper()
        passed_on = server.tls is not None and ServerTlsMode(server.tls.mode).passes_on
        if protocol in HTTP_PROTOCOLS:
            other = first.setdefault((server.port.number, server.bind), index)
            if server.name and other != index:
                yield Problem(
                    path,
                    server.name,
                    f"has no effect: what port {server.port.number} counts has the name of servers[{other}]",
                )
        elif server.name and (protocol != "HTTPS" or passed_on):
            yield Problem(path, server.name, "has no effect: connections that are forwarded are counted by cluster")


def _check_server(server: Server, path: str) -> Iterator[Problem]:
    if not server.hosts:
        yield Problem(f"{path}.hosts", None, 'must have at least one host; "*" stands for all')
    for index, host in enumerate(server.hosts):
        yield from _check_gateway_host(host, f"{path}.hosts[{index}]")
    yield from _check_port(server.port, server.bind, f"{path}.port")
    protocol, tls = server.port.protocol.upper(), server.tls
    if protocol in TLS_PROTOCOLS:
        if tls is None:
            yield Problem(f"{path}.tls", None, f"is required for {protocol}; set mode and credentialName")
        else:
            yield from check_server_tls(tls, f"{path}.tls")
    elif tls is not None and tls != ServerTLSSettings(https_redirect=tls.https_redirect):
        yield Problem(f"{path}.tls", None, f"has no meaning for {protocol}; use HTTPS or TLS, or remove it")
    elif tls is not None and protocol not in HTTP_PROTOCOLS:
        yield Problem(f"{path}.tls", None, f"has no meaning for {protocol}; remove it")


def _check_gateway_host(host: str, path: str) -> Iterator[Problem]:
    namespace, slash, name = host.rpartition("/")
    if slash and namespace not in ("*", ".") and not is_dns_label(namespace):
        yield Problem(path, host, 'the part before / must be a namespace, "." or "*"')
    if name == "*" or is_ip_address(name):
        return
    if "." not in name:
        yield Problem(path, host, 'must be a full DNS name such as shop.example.com, or "*"')
    elif not (is_dns_name(name.removeprefix("*.")) and (name.startswith("*.") or "*" not in name)):
        yield Problem(path, host, 'must be a DNS name; a wildcard stands for a whole first part: "*.example.com"')


def _check_port(port: Port, bind: str, path: str) -> Iterator[Problem]:
    known = (*HTTP_PROTOCOLS, *TLS_PROTOCOLS, *TCP_PROTOCOLS)
    if port.protocol.upper() not in known:
        yield Problem(f"{path}.protocol", port.protocol, f"must be {listing(known)}")
    if not port.name:
        yield Problem(f"{path}.name", "", "must not be empty")
    if bind.startswith(_UNIX):
        if not bind.startswith((f"{_UNIX}/", f"{_UNIX}@")) or bind.endswith("/"):
            yield Problem(f"{path.removesuffix('port')}bind", bind, "must be unix:// and the path of a socket")
        if port.number:
            yield Problem(f"{path}.number", port.number, "must be 0 when bind is a socket's path")
        return
    yield from check_port(port.number, f"{path}.number")
    if bind and not is_ip_address(bind):
        yield Problem(f"{path.removesuffix('port')}bind", bind, "must be an IP address")
