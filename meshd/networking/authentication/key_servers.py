"""Servers of keys (JWKS): which of them are services of the mesh, and which a workload's proxy asks by itself."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from meshd.model.destination import TlsMode
from meshd.model.memo import Reader
from meshd.model.request_authentication import JwtRule, RequestAuthentication
from meshd.model.service import Resolution
from meshd.model.tables import ISSUERS, REQUEST_AUTHENTICATIONS
from meshd.networking.clusters.policy import effective_policy
from meshd.networking.lookup import destination_policy, mesh_config, service_of
from meshd.networking.names import outbound_cluster_name


@dataclass(frozen=True, slots=True)
class KeyServer:
    """Who is asked for keys. `service`: the service of the mesh that it is, "" for none."""

    host: str
    port: int
    is_tls: bool
    service: str = ""

    @property
    def cluster(self) -> str:
        if self.service:
            return outbound_cluster_name(self.service, self.port)
        return f"jwks|{self.port}|{'tls' if self.is_tls else ''}|{self.host}"


def jwks_uri(read: Reader, rule: JwtRule) -> str:
    """Where the keys of a rule are fetched; "" for those in the rule, and while the issuer has not said it."""
    return rule.jwks_uri or (read.get(ISSUERS, rule.issuer) or "" if rule.asks_issuer else "")


def key_server(read: Reader, namespace: str, uri: str) -> KeyServer:
    """The server at `uri` for proxies in `namespace`.

    A service of the mesh is reached like any other: in plain HTTP, or in TLS where a DestinationRule has proxies open
    it. TLS to any other one is opened by a cluster made for it.
    """
    parts = urlsplit(uri)
    host, is_tls = (parts.hostname or "").lower(), parts.scheme.lower() == "https"
    port = parts.port or (443 if is_tls else 80)
    domain = read.query(mesh_config).cluster_domain
    for name in (host, f"{host}.{domain}", f"{host}.svc.{domain}", f"{host}.{namespace}.svc.{domain}"):
        service = read.query(service_of, name, namespace)
        if service is None or service.resolution is Resolution.ORIGINAL_DESTINATION or service.port(port) is None:
            continue
        if not is_tls or _opens_tls(read, namespace, name, port):
            return KeyServer(host, port, is_tls, name)
    return KeyServer(host, port, is_tls)


def _opens_tls(read: Reader, namespace: str, host: str, port: int) -> bool:
    rule = read.query(destination_policy, namespace, host)
    tls = effective_policy(rule.policy, port, None).tls if rule else None
    return tls is not None and tls.mode in (TlsMode.SIMPLE, TlsMode.MUTUAL)


def authentications_in(read: Reader, namespace: str) -> tuple[RequestAuthentication, ...]:
    """Those of the root namespace and of `namespace`, whomever they select."""
    root = read.query(mesh_config).root_namespace
    return tuple(
        each
        for place in dict.fromkeys((root, namespace))
        for each in read.find(REQUEST_AUTHENTICATIONS, "namespace", place)
    )


def key_services(read: Reader, namespace: str) -> tuple[tuple[str, int], ...]:
    """Services of the mesh, with their ports, that proxies in `namespace` may ask for keys."""
    uris = {jwks_uri(read, rule) for each in read.query(authentications_in, namespace) for rule in each.rules}
    servers = [read.query(key_server, namespace, uri) for uri in sorted(uris - {""})]
    return tuple((server.service, server.port) for server in servers if server.service)
