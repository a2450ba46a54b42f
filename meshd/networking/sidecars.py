"""What a Sidecar makes of the mesh for its workloads: which of the services they see, and where the rest goes.

https://istio.io/latest/docs/reference/config/networking/sidecar/
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from meshd.model.labels import Labels, selects
from meshd.model.memo import Reader
from meshd.model.provider import collectors_of
from meshd.model.reference import oldest_first
from meshd.model.route import Destination, RouteRules
from meshd.model.service import Service
from meshd.model.sidecar import EgressListener, OutboundPolicy, Sidecar
from meshd.model.tables import SIDECARS
from meshd.networking.authentication.key_servers import key_services
from meshd.networking.lookup import destination_service, mesh_config
from meshd.networking.scopes import OutboundScope


def sidecar_of(read: Reader, namespace: str, labels: Labels) -> Sidecar | None:
    """The one that acts on a workload: one that selects it, else its namespace's, else the mesh's; the oldest."""
    root = read.query(mesh_config).root_namespace
    own = oldest_first(read.find(SIDECARS, "namespace", namespace))
    selecting = [s for s in own if s.selector and selects(s.selector, labels)]
    wide = [s for s in (*own, *oldest_first(read.find(SIDECARS, "namespace", root))) if not s.selector]
    return next(iter((*selecting, *wide)), None)


def sidecar_in(read: Reader, scope: OutboundScope) -> Sidecar | None:
    """The Sidecar that narrows a scope."""
    return read.get(SIDECARS, scope.sidecar) if scope.sidecar else None


def let_in(
    read: Reader, client: str, sidecar: Sidecar, services: tuple[Service, ...], rules: Iterable[RouteRules]
) -> Iterator[Service]:
    """What workloads in namespace `client` see: services with those of their ports that `sidecar` names.

    With them come what the rules it lets in send requests to, and what the proxy itself talks to.
    """

    def named(service: Service) -> set[int]:
        ports = {port.port for port in service.ports}
        return {port for port in ports if sidecar.lets_in(client, service.namespace, service.hostname, port)}

    ports = {service.key: named(service) for service in services}
    asked = [destination for each in rules for destination in each.destinations()]
    for destination in (*asked, *_egress_proxy(sidecar), *read.query(asked_by_proxies, client)):
        service = read.query(destination_service, destination.host, client)
        if service is not None and service.key in ports:
            ports[service.key] |= {destination.port} if destination.port else {p.port for p in service.ports}
    for service in services:
        kept = tuple(port for port in service.ports if port.port in ports[service.key])
        if kept:
            yield service if kept == service.ports else replace(service, ports=kept)


def asked_by_proxies(read: Reader, namespace: str) -> tuple[Destination, ...]:
    """What proxies talk to by themselves, whatever their applications may reach."""
    mesh = read.query(mesh_config)
    collectors = [(c.host, c.port) for provider in mesh.providers for c in collectors_of(provider)]
    deciders = [(provider.host, provider.port) for provider in mesh.ext_authz_providers]
    asked = (*collectors, *deciders, *read.query(key_services, namespace))
    return tuple(Destination(host, port=port) for host, port in asked)


def _egress_proxy(sidecar: Sidecar) -> tuple[Destination, ...]:
    return (sidecar.outbound.egress_proxy,) if sidecar.outbound and sidecar.outbound.egress_proxy else ()


def outbound_policy(read: Reader, scope: OutboundScope) -> OutboundPolicy:
    """What becomes of traffic for no known service: the Sidecar says, else the mesh."""
    sidecar = sidecar_in(read, scope)
    if sidecar is not None and sidecar.outbound is not None:
        return sidecar.outbound
    return OutboundPolicy(registry_only=read.query(mesh_config).registry_only)


def own_listeners(read: Reader, scope: OutboundScope) -> tuple[EgressListener, ...]:
    """Egress listeners that are not simply a part of what the proxy catches: they have a port and an address."""
    sidecar = sidecar_in(read, scope)
    return tuple(e for e in sidecar.egress if e.port and _is_address(e.bind)) if sidecar else ()


def _is_address(bind: str) -> bool:
    return bool(bind) and "/" not in bind
