"""Of VirtualServices: gateways, hosts and subsets that are not there, and others for the same hosts."""

from collections.abc import Iterator

from meshd.model.gateway import Gateway
from meshd.model.memo import Reader
from meshd.model.route import MESH_GATEWAY, Destination, RouteRules
from meshd.model.tables import GATEWAYS, ROUTE_RULES, exported, only_for
from meshd.networking.advice.delegation import delegation_advice
from meshd.networking.advice.finding import Finding, no_port, older
from meshd.networking.advice.sections import sections_advice
from meshd.networking.gateways import HTTP_PROTOCOLS, intersection, server_hosts
from meshd.networking.lookup import destination_policy, destination_service, mesh_config

DESTINATION = "spec.http.route.destination"


def of_rules(read: Reader, rules: RouteRules) -> Iterator[Finding]:
    yield from _gateways(read, rules)
    yield from (Finding("spec.http.delegate", text, missing=True) for text in delegation_advice(read, rules))
    for destination in rules.destinations():
        yield from (Finding(DESTINATION, text, missing=True) for text in _destination(read, rules, destination))
    yield from sections_advice(read, rules)
    for gateway in rules.gateways:
        for host in rules.hosts:
            yield from (Finding("spec.hosts", text) for text in _same_host(read, rules, gateway, host))


def _gateways(read: Reader, rules: RouteRules) -> Iterator[Finding]:
    for key in rules.gateways:
        gateway = read.get(GATEWAYS, key)
        if key == MESH_GATEWAY:
            continue
        if gateway is None:
            yield Finding("spec.gateways", f"there is no Gateway {key} yet", missing=True)
            continue
        offered = [host for server in gateway.servers for host in server.hosts]
        mine = [host for server in gateway.servers for host in server_hosts(gateway, server, rules.ref.namespace)]
        for host in rules.hosts:
            if all(intersection(pattern, host) is None for pattern in mine):
                yield Finding(
                    "spec.hosts", f"no server of Gateway {key} has the host {host}: it lets in {_list(offered)}"
                )


def _destination(read: Reader, rules: RouteRules, destination: Destination) -> Iterator[str]:
    service = destination_service(read, destination.host, rules.ref.namespace)
    if service is None:
        yield f"there is no service {destination.host} yet: {_waits(read)}"
        return
    if destination.port and service.port(destination.port) is None:
        yield no_port(destination.host, service, destination.port)
    policy = destination_policy(read, rules.ref.namespace, destination.host) if destination.subset else None
    known = {subset.name for subset in policy.subsets} if policy else set()
    if destination.subset and destination.subset not in known:
        subset = f"subset {destination.subset} of {destination.host}"
        yield f"no DestinationRule defines {subset} yet: {_waits(read)}"


def _waits(read: Reader) -> str:
    if mesh_config(read).hold_unresolved_rules:
        return "until it comes, what was in force before stays"
    return "until it comes, requests to it are answered with 503"


def _same_host(read: Reader, rules: RouteRules, gateway: str, host: str) -> Iterator[str]:
    """In sidecars one object counts for a host, the oldest; at gateways they are merged, in that order.

    https://istio.io/latest/docs/ops/best-practices/traffic-management/#split-virtual-services
    """
    for other in read.find(ROUTE_RULES, "host", host):
        place = gateway if gateway in other.gateways else _with_same_port(read, gateway, other, host)
        if other.ref == rules.ref or not place or not _meet(rules, other):
            continue
        first, second = (other, rules) if older(other, rules) else (rules, other)
        if gateway == MESH_GATEWAY and rules.http and other.http:
            yield f"{other.ref} has the host {host} too: in the mesh {first.ref} counts, being older; make them one"
        elif gateway != MESH_GATEWAY and _takes_all(first) and _takes_all(second):
            yield (
                f"{other.ref} has the host {host} at Gateway {place} too, and both take every request:"
                f" {first.ref} does, being older; give one of them matches"
            )


def _with_same_port(read: Reader, gateway: str, other: RouteRules, host: str) -> str:
    """A Gateway of `other` that has plain HTTP for `host` at a port of the same pods as `gateway`; "" for none."""
    mine = read.get(GATEWAYS, gateway)
    for key in other.gateways:
        found = read.get(GATEWAYS, key)
        if mine and found and found.selector == mine.selector and _ports(mine, host) & _ports(found, host):
            return key
    return ""


def _ports(gateway: Gateway, host: str) -> set[tuple[int, str]]:
    return {
        (server.port, server.bind)
        for server in gateway.servers
        if server.protocol in HTTP_PROTOCOLS
        if any(intersection(entry.rpartition("/")[2], host) for entry in server.hosts)
    }


def _meet(first: RouteRules, second: RouteRules) -> bool:
    """Whether some namespace sees both."""
    places, others = (only_for(each.export_to, each.ref.namespace) for each in (first, second))
    return not (places and others) or any(exported(second.export_to, second.ref.namespace, place) for place in places)


def _takes_all(rules: RouteRules) -> bool:
    return any(not route.matches for route in rules.http)


def _list(hosts: list[str]) -> str:
    return ", ".join(dict.fromkeys(hosts))
