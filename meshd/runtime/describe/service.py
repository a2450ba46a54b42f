"""What acts on requests to a service: rules, destination policies, and the gateways that let them in."""

from collections.abc import Iterator, Sequence
from typing import Any

from meshd.model.hosts import wildcards
from meshd.model.memo import Reader
from meshd.model.route import MESH_GATEWAY, RouteRules
from meshd.model.service import Service
from meshd.model.tables import DESTINATIONS, GATEWAYS, ROUTE_RULES
from meshd.networking.lookup import destination_policy, route_rules, workloads_of_service

Waiting = Sequence[tuple[RouteRules, Sequence[str]]]
"""The newest versions of rules that are not in force, and what each waits for."""


def describe_service(read: Reader, service: Service, waiting: Waiting) -> dict[str, Any]:
    """As clients in the service's own namespace have it.

    `virtual_services`: each with how it `acts`; `waits_for` is empty for one in force.
    """
    return {
        "service": service.name,
        "namespace": service.namespace,
        "hostname": service.hostname,
        "ports": [{"port": p.port, "name": p.name, "protocol": p.protocol.value} for p in service.ports],
        "pods": _pods(read, service),
        "virtual_services": [*_virtual_services(read, service), *_that_wait(service, waiting)],
        "destination_rules": list(_destination_rules(read, service)),
        "gateways": list(_gateways(read, service)),
    }


def _pods(read: Reader, service: Service) -> dict[str, Any]:
    """{"all", "without_sidecar"}: numbers and names."""
    chosen = workloads_of_service(read, service)
    return {"all": len(chosen), "without_sidecar": [pod.name for pod in chosen if not pod.in_mesh]}


def _virtual_services(read: Reader, service: Service) -> Iterator[dict[str, Any]]:
    first = True
    for host in wildcards(service.hostname):
        for rules in route_rules(read, service.namespace, MESH_GATEWAY, host):
            acts = f"routes requests of the mesh to {host}" if first else "hidden by the one above"
            yield {"object": str(rules.ref), "acts": acts, "waits_for": []}
            first = first and not (rules.http or rules.tcp or rules.tls)
    for rules in read.find(ROUTE_RULES, "destination", service.hostname):
        if service.hostname not in rules.hosts:
            yield {"object": str(rules.ref), "acts": f"sends it requests for {', '.join(rules.hosts)}", "waits_for": []}


def _that_wait(service: Service, waiting: Waiting) -> Iterator[dict[str, Any]]:
    for rules, missing in waiting:
        if service.hostname in (*rules.hosts, *(destination.host for destination in rules.destinations())):
            acts = "waits; what was in force before stays"
            yield {"object": str(rules.ref), "acts": acts, "waits_for": list(missing)}


def _destination_rules(read: Reader, service: Service) -> Iterator[dict[str, Any]]:
    """The one in force first; others of the host that are merged into it or hidden by it after it."""
    in_force = destination_policy(read, service.namespace, service.hostname)
    if in_force is None:
        return
    tls = in_force.policy.tls.mode.value if in_force.policy.tls else "automatic"
    subsets = [subset.name for subset in in_force.subsets]
    yield {"object": str(in_force.ref), "acts": "in force", "tls": tls, "subsets": subsets}
    for host in wildcards(service.hostname):
        for policy in read.find(DESTINATIONS, "host", host):
            if policy.ref != in_force.ref:
                merged = policy.host == in_force.host and policy.ref.namespace == in_force.ref.namespace
                acts = "merged into the one above" if merged else "for other clients, or hidden by the one above"
                yield {"object": str(policy.ref), "acts": acts}


def _gateways(read: Reader, service: Service) -> Iterator[dict[str, Any]]:
    """Gateways at which some rule sends requests to it."""
    for rules in read.find(ROUTE_RULES, "destination", service.hostname):
        for key in _gateways_of(rules):
            gateway = read.get(GATEWAYS, key)
            ports = sorted({server.port for server in gateway.servers}) if gateway else []
            yield {"object": f"Gateway {key}", "by": str(rules.ref), "hosts": list(rules.hosts), "ports": ports}


def _gateways_of(rules: RouteRules) -> list[str]:
    return [key for key in rules.gateways if key != MESH_GATEWAY]
