"""Questions about the mesh that several generators ask. Each is a query: remembered until what it read changes."""

from dataclasses import replace

from meshd.model.destination import DestinationPolicy, Subset, TrafficPolicy
from meshd.model.hosts import wildcards
from meshd.model.labels import Labels, selects
from meshd.model.memo import Reader
from meshd.model.mesh import MeshConfig
from meshd.model.reference import oldest_first
from meshd.model.route import RouteRules
from meshd.model.service import Service, ServicePort, Workload
from meshd.model.tables import (
    ALIASES,
    DESTINATIONS,
    MESH,
    MESH_KEY,
    ROUTE_RULES,
    SERVICES,
    WORKLOADS,
    exported,
    only_for,
)


def mesh_config(read: Reader) -> MeshConfig:
    return read.get(MESH, MESH_KEY) or MeshConfig()


def service_of(read: Reader, hostname: str, namespace: str = "") -> Service | None:
    """The service that clients in `namespace` ("": any) know by exactly `hostname`.

    Where several define it, a Kubernetes Service goes before a ServiceEntry, then what only some namespaces see, then
    the oldest. Ports that further ServiceEntries of the same namespace add belong to it too.
    """
    seen = (s for s in read.find(SERVICES, "hostname", hostname) if exported(s.export_to, s.namespace, namespace))
    found = sorted(seen, key=_precedence)
    return _with_ports(found[0], found[1:]) if found else None


def _precedence(service: Service) -> tuple[bool, bool, str, str]:
    is_public = not only_for(service.export_to, service.namespace)
    return bool(service.entry), is_public, service.created, service.key


def _with_ports(service: Service, others: list[Service]) -> Service:
    ports = {port.port: port for port in service.ports}
    for other in others:
        alike = (other.namespace, other.resolution, other.external)
        if service.entry and other.entry and alike == (service.namespace, service.resolution, service.external):
            for port in other.ports:
                ports.setdefault(port.port, port)
    return service if len(ports) == len(service.ports) else replace(service, ports=tuple(ports.values()))


def destination_service(read: Reader, host: str, namespace: str = "") -> Service | None:
    """The service that requests for `host` go to: of that name, one that it is another name for, or a wildcard's."""
    asked: set[str] = set()
    while host not in asked:
        asked.add(host)
        service = read.query(service_of, host, namespace)
        if service is not None:
            return service
        host = next((alias.target for alias in read.find(ALIASES, "hostname", host)), host)
    return read.query(_covering_service, host, namespace)


def _covering_service(read: Reader, host: str, namespace: str) -> Service | None:
    found = (read.query(service_of, pattern, namespace) for pattern in wildcards(host)[1:])
    return next((service for service in found if service is not None), None)


def destination_policy(read: Reader, namespace: str, hostname: str, labels: Labels = ()) -> DestinationPolicy | None:
    """The policy that clients in `namespace` with `labels` follow for `hostname`.

    The client's namespace is asked first, then the service's, then the root namespace; in each the most specific host
    wins, and several objects for one host and namespace are merged, the oldest first. Those that select the client go
    before those for all.
    https://istio.io/latest/docs/ops/best-practices/traffic-management/#cross-namespace-configuration
    """
    service = read.query(service_of, hostname, namespace)
    owner = service.namespace if service else namespace
    root = read.query(mesh_config).root_namespace
    for place in dict.fromkeys((namespace, owner, root)):
        for host in wildcards(hostname):
            found = [
                policy
                for policy in read.find(DESTINATIONS, "host", host)
                if policy.ref.namespace == place
                and exported(policy.export_to, place, namespace)
                and (not policy.selector or (place == namespace and selects(policy.selector, labels)))
            ]
            if found:
                return _merge(sorted(found, key=lambda policy: (not policy.selector, policy.created, policy.ref)))
    return None


def _merge(policies: list[DestinationPolicy]) -> DestinationPolicy:
    first = policies[0]
    subsets: dict[str, Subset] = {}
    for policy in policies:
        for subset in policy.subsets:
            subsets.setdefault(subset.name, subset)
    base = next((p.policy for p in policies if p.policy != TrafficPolicy()), first.policy)
    return replace(first, policy=base, subsets=tuple(subsets.values()))


def sidecar_credentials(read: Reader, namespace: str, labels: Labels) -> frozenset[str]:
    """Secrets that DestinationRules name for sidecars with `labels`: those that select them."""
    selecting = (policy for policy in read.find(DESTINATIONS, "selecting", namespace))
    return frozenset(name for each in selecting if selects(each.selector, labels) for name in each.credentials)


def route_rules(read: Reader, namespace: str, gateway: str, host: str) -> tuple[RouteRules, ...]:
    """Rules for exactly `host` at `gateway` that `namespace` may see, the oldest first."""
    found = [
        rules
        for rules in read.find(ROUTE_RULES, "host", host)
        if gateway in rules.gateways and exported(rules.export_to, rules.ref.namespace, namespace)
    ]
    return tuple(oldest_first(found))


def services_of_workload(read: Reader, namespace: str, labels: Labels) -> tuple[Service, ...]:
    """Services whose selector picks a workload with `labels`."""
    return tuple(
        service
        for service in read.find(SERVICES, "namespace", namespace)
        if service.selector and selects(service.selector, labels)
    )


def workloads_of_service(read: Reader, service: Service) -> tuple[Workload, ...]:
    """Pods that its selector picks; none without a selector."""
    pods = read.find(WORKLOADS, "namespace", service.namespace) if service.selector else ()
    return tuple(pod for pod in pods if selects(service.selector, pod.labels))


def target_port(port: ServicePort, container_ports: tuple[tuple[str, int], ...]) -> int | None:
    """The number of the workload's port behind a service port; None for a name the workload does not have."""
    if isinstance(port.target_port, int):
        return port.target_port or port.port
    return dict(container_ports).get(port.target_port)
