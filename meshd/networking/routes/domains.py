"""Under which names applications ask for services: no two virtual hosts of a route may have one in common."""

from meshd.model.hosts import is_ip_address
from meshd.model.memo import Reader
from meshd.model.service import Alias, Service
from meshd.model.tables import ALIASES, SERVICES, exported, only_for
from meshd.networking.lookup import destination_service
from meshd.networking.scopes import Layer, OutboundScope
from meshd.networking.visibility import named_services_in

HostOnPort = tuple[int, str]


def service_domains(read: Reader, service: Service, port: int, namespace: str) -> list[str]:
    """Domains of a service's virtual host on `port` for clients in `namespace`; ports are ignored in matching.

    A headless service's pods have names of their own, below each of the service's.
    """
    if service.entry:
        if _is_taken(read, service.hostname):
            return []
        named = [] if is_ip_address(service.hostname) else [service.hostname]
        return [*named, *_ips(read, service, port, namespace)]
    names = _kubernetes_names(service, namespace)
    below = [f"*.{name}" for name in names] if service.headless else []
    return [*names[:3], *_ips(read, service, port, namespace), *names[3:], *below]


def alias_domains(alias: Alias, namespace: str) -> list[str]:
    return _kubernetes_names(alias, namespace)


def alias_hosts(read: Reader, scope: OutboundScope) -> tuple[HostOnPort, ...]:
    """Aliases that are a layer's matter, on each port where what they stand for speaks HTTP."""
    services = {service.key for service in read.query(named_services_in, scope)}
    found: list[HostOnPort] = []
    for alias in read.all(ALIASES):
        if not exported(alias.export_to, alias.namespace, scope.namespace):
            continue
        service = read.query(destination_service, alias.hostname, scope.namespace)
        is_own = scope.layer is Layer.OWN and (
            alias.namespace == scope.namespace or bool(only_for(alias.export_to, alias.namespace))
        )
        if service is not None and (is_own or service.key in services):
            found += [(port.port, alias.hostname) for port in service.ports if port.protocol.is_http]
    return tuple(found)


def names_of_services(read: Reader, namespace: str) -> frozenset[str]:
    """Every name that is spoken for: of Kubernetes' services, seen or not, and of what else `namespace` sees."""
    outside = (
        service.hostname
        for service in read.find(SERVICES, "from_entry", True)
        if exported(service.export_to, service.namespace, namespace)
    )
    return read.query(_kubernetes_services).union(outside)


def _kubernetes_services(read: Reader) -> frozenset[str]:
    named: tuple[Service | Alias, ...] = (*read.find(SERVICES, "from_entry", False), *read.all(ALIASES))
    return frozenset(name for each in named for name in _kubernetes_names(each, ""))


def _kubernetes_names(named: Service | Alias, namespace: str) -> list[str]:
    name, owner = named.name, named.namespace
    names = [named.hostname, f"{name}.{owner}", f"{name}.{owner}.svc"]
    return [*names, name] if owner == namespace else names


def _ips(read: Reader, service: Service, port: int, namespace: str) -> list[str]:
    """Addresses that no other service has, or that this one has had the longest."""
    return [ip for ip in service.virtual_ips if _first_at(read, ip, port, service, namespace)]


def _first_at(read: Reader, ip: str, port: int, service: Service, namespace: str) -> bool:
    """What all clients see goes before what some see: it has the address for them too."""
    found = (s for s in read.find(SERVICES, "http_at", (ip, port)) if exported(s.export_to, s.namespace, namespace))
    first = min((service, *found), key=_precedence)
    return first.hostname == service.hostname


def _precedence(service: Service) -> tuple[bool, bool, str, str]:
    return bool(only_for(service.export_to, service.namespace)), bool(service.entry), service.created, service.key


def _is_taken(read: Reader, hostname: str) -> bool:
    """Whether a Kubernetes Service is called by this name too, which is not its full one, by whichever clients."""
    match hostname.split("."):
        case [name]:
            return any(known.startswith(f"{name}.") for known in read.query(_kubernetes_services))
        case [name, owner] | [name, owner, "svc"]:
            key = f"{owner}/{name}"
            return read.get(SERVICES, key) is not None or read.get(ALIASES, key) is not None
    return False
