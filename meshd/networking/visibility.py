"""Who sees what: which layers of the mesh a proxy is given, and which services are in a layer.

A service is in a namespace's own layer when some rule treats clients of that namespace otherwise than all others: it is
exported to them alone, they have a rule of their own for it, or a rule asks where a request comes from, be it for its
labels or its locality.
https://istio.io/latest/docs/ops/best-practices/traffic-management/#cross-namespace-configuration
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from meshd.model.hosts import covers
from meshd.model.memo import Reader
from meshd.model.route import MESH_GATEWAY, RouteRules
from meshd.model.service import Service
from meshd.model.sidecar import Sidecar
from meshd.model.tables import DESTINATIONS, ROUTE_RULES, SERVICES, exported
from meshd.networking.clients import client_scope, hosts_asking
from meshd.networking.listeners.telemetry.attached import telemetries_of
from meshd.networking.lookup import service_of
from meshd.networking.scopes import SHARED, Layer, OutboundScope, ProxyScope, WorkloadScope
from meshd.networking.sidecars import let_in, sidecar_in, sidecar_of

Layers = tuple[OutboundScope, ...]


def outbound_layers(read: Reader, proxy: ProxyScope) -> Layers:
    """Where what the proxy sends may go to; what is in an earlier layer goes before what is in a later one."""
    workload = proxy.workload
    sidecar = None if proxy.is_gateway else read.query(sidecar_of, workload.namespace, workload.labels)
    if sidecar is not None:
        return (client_scope(read, proxy, Layer.WHOLE, sidecar.ref.key),)
    return (client_scope(read, proxy, Layer.OWN), SHARED)


def sidecar_outbound_layers(read: Reader, proxy: ProxyScope) -> Layers:
    """The same for the application's own traffic, which a gateway has none of."""
    return () if proxy.is_gateway else outbound_layers(read, proxy)


def gateway_outbound_layers(read: Reader, proxy: ProxyScope) -> Layers:
    """The same for what only gateways do otherwise than sidecars."""
    return outbound_layers(read, proxy) if proxy.is_gateway else ()


def sidecar_listener_layers(read: Reader, proxy: ProxyScope) -> Layers:
    """The same for listeners, which report as the workload's Telemetry objects say."""
    telemetries = read.query(telemetries_of, proxy.workload.namespace, proxy.workload.labels)
    return tuple(replace(layer, telemetries=telemetries) for layer in sidecar_outbound_layers(read, proxy))


def sidecar_inbound(read: Reader, proxy: ProxyScope) -> tuple[WorkloadScope, ...]:
    return () if proxy.is_gateway else (proxy.workload,)


def workload(read: Reader, proxy: ProxyScope) -> tuple[WorkloadScope, ...]:
    """What depends on the workload alone, whichever kind of proxy it has."""
    return (proxy.workload,)


def gateway(read: Reader, proxy: ProxyScope) -> tuple[WorkloadScope, ...]:
    return (proxy.workload,) if proxy.is_gateway else ()


def services_in(read: Reader, scope: OutboundScope) -> tuple[Service, ...]:
    """Services of a layer, ordered by key."""
    if scope.layer is not Layer.OWN:
        seen = (service for service in read.all(SERVICES) if _sees(scope.namespace, service))
        services = _by_hostname(read, scope.namespace, seen)
        sidecar = sidecar_in(read, scope)
        return _let_in(read, scope, sidecar, services) if sidecar else services
    return _by_hostname(read, scope.namespace, _own_services(read, scope))


def _by_hostname(read: Reader, namespace: str, services: Iterable[Service]) -> tuple[Service, ...]:
    """One service for each hostname, ordered by key: the one that clients in `namespace` know."""
    rows: dict[str, Service] = {}
    unclear: dict[str, None] = {}
    for service in services:
        if service.entry or rows.setdefault(service.hostname, service).key != service.key:
            unclear[service.hostname] = None
        rows[service.hostname] = service
    for hostname in unclear:
        rows[hostname] = read.query(service_of, hostname, namespace) or rows[hostname]
    return tuple(sorted(rows.values(), key=lambda service: service.key))


def _let_in(read: Reader, scope: OutboundScope, sidecar: Sidecar, services: tuple[Service, ...]) -> tuple[Service, ...]:
    return tuple(let_in(read, scope.namespace, sidecar, services, read.query(rules_in, scope)))


def named_services_in(read: Reader, scope: OutboundScope) -> tuple[Service, ...]:
    """Services whose names are a layer's matter: clients call those of their own namespace by short names too."""
    services = read.query(services_in, scope)
    if scope.layer is not Layer.OWN:
        return services
    named = (s for s in read.find(SERVICES, "namespace", scope.namespace) if _sees(scope.namespace, s))
    return _by_hostname(read, scope.namespace, (*services, *named))


def hosts_in(read: Reader, scope: OutboundScope) -> frozenset[str]:
    """Hosts that a layer's rules for HTTP name."""
    if scope.layer is Layer.SHARED:
        return frozenset(str(host) for host in read.values(ROUTE_RULES, "shared_http_host"))
    return frozenset(host for rules in read.query(rules_in, scope) if rules.http for host in rules.hosts)


def rules_in(read: Reader, scope: OutboundScope) -> tuple[RouteRules, ...]:
    """Rules for the mesh whose hosts are a layer's matter."""
    if scope.layer is Layer.OWN:
        found = {rules.ref: rules for rules in _own_rules(read, scope)}
        return tuple(rules for rules in found.values() if MESH_GATEWAY in rules.gateways)
    sidecar = sidecar_in(read, scope)
    return tuple(
        rules
        for rules in read.find(ROUTE_RULES, "gateway", MESH_GATEWAY)
        if exported(rules.export_to, rules.ref.namespace, scope.namespace)
        and (sidecar is None or sidecar.lets_in_rules(scope.namespace, rules.ref.namespace, rules.hosts))
    )


def _own_services(read: Reader, scope: OutboundScope) -> Iterator[Service]:
    yield from _own_destinations(read, scope.namespace)
    for host in hosts_asking(read, scope):
        yield from _covered(read, host, scope.namespace)
    for rules in _own_rules(read, scope):
        for host in rules.hosts:
            yield from _covered(read, host, scope.namespace)


def _own_rules(read: Reader, scope: OutboundScope) -> Iterator[RouteRules]:
    """Rules that say something else to clients of the scope than to all others."""
    yield from read.find(ROUTE_RULES, "only_for", scope.namespace)
    found = list(read.find(ROUTE_RULES, "source_namespace", scope.namespace))
    if scope.labels:
        found += read.find(ROUTE_RULES, "asks_labels", True)
    for service in _own_destinations(read, scope.namespace):
        for host in _names_of(read, service.hostname):
            found += read.find(ROUTE_RULES, "destination", host)
    for rules in found:
        if exported(rules.export_to, rules.ref.namespace, scope.namespace):
            yield rules


def _names_of(read: Reader, hostname: str) -> Iterable[str]:
    """Destinations of rules that may mean the service: a wildcard stands for all names like it."""
    if not hostname.startswith("*"):
        return (hostname,)
    return (str(host) for host in read.values(ROUTE_RULES, "destination") if covers(hostname, str(host)))


def _own_destinations(read: Reader, namespace: str) -> Iterator[Service]:
    """Services that only clients in `namespace` see, that they have a policy of their own for, or one only they see."""
    yield from read.find(SERVICES, "only_for", namespace)
    for policy in read.find(DESTINATIONS, "only_for", namespace):
        yield from _covered(read, policy.host, namespace)
    for policy in read.find(DESTINATIONS, "namespace", namespace):
        for service in _covered(read, policy.host, namespace):
            if service.namespace != namespace or policy.selector:
                yield service


def _covered(read: Reader, host: str, namespace: str) -> Iterator[Service]:
    """Services that clients in `namespace` see and that `host` names."""
    if not host.startswith("*"):
        service = read.query(service_of, host, namespace)
        if service is not None:
            yield service
        return
    for service in (*read.query(services_in, SHARED), *read.find(SERVICES, "only_for", namespace)):
        if covers(host, service.hostname):
            yield service


def _sees(namespace: str, service: Service) -> bool:
    return exported(service.export_to, service.namespace, namespace)
