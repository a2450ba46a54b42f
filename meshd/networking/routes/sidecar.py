"""What a sidecar does with its application's requests: a route configuration per port, a virtual host per service."""

from collections.abc import Iterable, Iterator
from typing import Any

from envoy.config.route.v3 import route_components_pb2, route_pb2

from meshd.model.hosts import wildcards
from meshd.model.memo import Reader
from meshd.model.reference import ObjectRef
from meshd.model.resource import Resource, Scope
from meshd.model.route import MESH_GATEWAY, Destination, RouteRules
from meshd.model.service import Service
from meshd.model.tables import ALIASES, SERVICES
from meshd.networking.lookup import destination_service, route_rules, service_of
from meshd.networking.names import PASSTHROUGH_CLUSTER, virtual_host_name
from meshd.networking.place import Place
from meshd.networking.proto import ADS, boolean, duration, resource, uint32
from meshd.networking.routes.domains import alias_domains, alias_hosts, names_of_services, service_domains
from meshd.networking.routes.retry import DEFAULT_RETRY
from meshd.networking.routes.rules import routes_of, sources
from meshd.networking.routes.upstream import Upstreams
from meshd.networking.scopes import SHARED, Layer, OutboundScope
from meshd.networking.sidecars import outbound_policy, own_listeners, sidecar_in
from meshd.networking.visibility import hosts_in, named_services_in, services_in

LARGEST_DIRECT_RESPONSE = 1024 * 1024
"""Bytes that a rule's directResponse may have, as the webhook says; Envoy's default is 4 KB."""
UNKNOWN_HOST = 502
"""What Istio answers where only known hosts may be asked."""
DEFAULT_HTTP_PORT = 80
"""Where rules for hosts that are no services are served."""


def http_ports(read: Reader, scope: OutboundScope) -> tuple[int, ...]:
    """Ports on which some service of the layer speaks HTTP, and none of a layer behind it."""
    services = read.query(services_in, scope)
    ports = {p.port for s in services for p in s.ports if p.protocol.is_http}
    ports.update(listener.port for listener in own_listeners(read, scope) if listener.protocol.is_http)
    behind = read.query(http_ports, SHARED) if scope.layer is Layer.OWN else ()
    return tuple(sorted(ports.difference(behind)))


def serves_http(read: Reader, scope: OutboundScope, port: int) -> bool:
    """Whether the clients of a layer have a route configuration for `port`, in it or behind it."""
    behind = read.query(http_ports, SHARED) if scope.layer is Layer.OWN else ()
    return port in read.query(http_ports, scope) or port in behind


def sidecar_routes(read: Reader, scope: Scope) -> tuple[int, ...]:
    assert isinstance(scope, OutboundScope)
    return read.query(http_ports, scope)


def build_sidecar_route(read: Reader, scope: Scope, item: object) -> Resource:
    """The frame: what goes to no known host passes through or is refused; the known hosts come by VHDS."""
    assert isinstance(scope, OutboundScope)
    name, policy = str(item), outbound_policy(read, scope)
    route: dict[str, Any] = {"match": {"prefix": "/"}}
    if policy.registry_only:
        route["direct_response"] = {"status": UNKNOWN_HOST}
    else:
        route["route"] = {"cluster": passthrough(read, scope), "timeout": duration(0)}
    unknown = {"name": "block_all" if policy.registry_only else "allow_any", "domains": ["*"], "routes": [route]}
    return resource(name, route_configuration(name, [unknown]))


def passthrough(read: Reader, scope: OutboundScope) -> str:
    """The cluster for what goes to no known service: where the application meant, or an egress proxy."""
    proxy = outbound_policy(read, scope).egress_proxy
    return Upstreams(read, scope.namespace, 0).cluster(proxy) if proxy else PASSTHROUGH_CLUSTER


def route_configuration(name: str, virtual_hosts: list[dict[str, Any]]) -> route_pb2.RouteConfiguration:
    """https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_conn_man/vhds"""
    return route_pb2.RouteConfiguration(
        name=name,
        virtual_hosts=virtual_hosts,
        vhds={"config_source": ADS},
        validate_clusters=boolean(False),
        ignore_port_in_host_matching=True,
        max_direct_response_body_size_bytes=uint32(LARGEST_DIRECT_RESPONSE),
    )


def sidecar_virtual_hosts(read: Reader, scope: Scope) -> tuple[tuple[int, str], ...]:
    assert isinstance(scope, OutboundScope)
    services = read.query(named_services_in, scope)
    items = [(p.port, s.hostname) for s in services for p in s.ports if p.protocol.is_http]
    items += read.query(alias_hosts, scope)
    for host in read.query(hosts_without_service, scope):
        items += [(port, host) for port in _ports_of(read, scope, host) if serves_http(read, scope, port)]
    return tuple(dict.fromkeys(items))


def hosts_without_service(read: Reader, scope: OutboundScope) -> tuple[str, ...]:
    """Hosts that rules for the mesh name and no service has, sorted."""
    found = read.query(hosts_in, scope)
    known = read.query(names_of_services, scope.namespace)
    return tuple(sorted(found - known - {"*"}))


def _ports_of(read: Reader, scope: OutboundScope, host: str) -> tuple[int, ...]:
    """Where rules for a host without a service of its own are served: on port 80, and where a wildcard covers it."""
    service = read.query(destination_service, host, scope.namespace) if read.query(has_wildcards) else None
    covered = [port.port for port in service.ports if port.protocol.is_http] if service else []
    return (DEFAULT_HTTP_PORT, *covered)


def has_wildcards(read: Reader) -> bool:
    """Whether any service stands for more than one host."""
    return any(service.hostname.startswith("*") for service in read.find(SERVICES, "from_entry", True))


def build_sidecar_virtual_host(read: Reader, scope: Scope, item: object) -> Resource | None:
    assert isinstance(scope, OutboundScope)
    assert isinstance(item, tuple)
    port, host = item
    service, domains = _named(read, scope.namespace, port, host)
    if not domains:
        return None
    name = virtual_host_name(str(port), host)
    virtual_host, refs = virtual_host_of(read, scope, port, host, service, name, domains)
    return resource(name, virtual_host, refs)


def virtual_host_of(
    read: Reader,
    scope: OutboundScope,
    port: int,
    host: str,
    service: Service | None,
    name: str,
    domains: list[str],
) -> tuple[route_components_pb2.VirtualHost, Iterable[ObjectRef]]:
    """What happens to requests for `host` on `port`, and the objects that say so."""
    place = Place(MESH_GATEWAY, port, scope.namespace, scope.labels)
    upstreams = Upstreams(read, scope.namespace, port, scope.labels, service.hostname if service else "")
    tried: list[RouteRules] = []
    routes: list[dict[str, Any]] = []
    for rules in _rules(read, scope, host, service):
        tried.append(rules)
        routes = routes_of((rules,), place, upstreams)
        if routes:
            break
    if not routes and service is not None:
        routes = [_default_route(service, upstreams)]
    virtual_host = route_components_pb2.VirtualHost(
        name=name, domains=domains, routes=routes, include_request_attempt_count=True
    )
    return virtual_host, sources(tried)


def _named(read: Reader, namespace: str, port: int, host: str) -> tuple[Service | None, list[str]]:
    """The service called by `host`, by itself or by another name, and the domains of its virtual host."""
    service = read.query(service_of, host, namespace)
    if service is not None:
        return service, service_domains(read, service, port, namespace)
    for alias in read.find(ALIASES, "hostname", host):
        return read.query(destination_service, host, namespace), alias_domains(alias, namespace)
    return None, [host]


def _rules(read: Reader, scope: OutboundScope, host: str, service: Service | None) -> Iterator[RouteRules]:
    """Objects with rules for `host`, the most specific host first and of equal ones the oldest.

    An alias has the rules of the service that it stands for, after its own. The first with a route for the client
    counts alone; objects are not merged in sidecars, as in Istio.
    https://istio.io/latest/docs/ops/best-practices/traffic-management/#split-virtual-services
    """
    sidecar = sidecar_in(read, scope)
    names = (host, service.hostname) if service else (host,)
    for candidate in dict.fromkeys((*names, *wildcards(host))):
        found = [r for r in read.query(route_rules, scope.namespace, MESH_GATEWAY, candidate) if r.http]
        if sidecar is not None:
            found = [r for r in found if sidecar.lets_in_rules(scope.namespace, r.ref.namespace, r.hosts)]
        yield from found


def _default_route(service: Service, upstreams: Upstreams) -> dict[str, Any]:
    port = upstreams.request_port
    destination = Destination(service.hostname, port=port)
    action = {
        "cluster": upstreams.cluster(destination),
        "hash_policy": upstreams.hash_policies(destination),
        "timeout": duration(0),
        "retry_policy": DEFAULT_RETRY,
    }
    operation = {"operation": f"{service.hostname}:{port}/*"}
    return {"match": {"prefix": "/"}, "name": "default", "route": action, "decorator": operation}
