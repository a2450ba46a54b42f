"""Warnings about an object that is right by itself but has no effect in the mesh as it is now."""

from collections.abc import Iterator

from meshd.model.destination import DestinationPolicy
from meshd.model.gateway import Gateway
from meshd.model.labels import selects
from meshd.model.memo import Memo, Reader
from meshd.model.mesh import MeshConfig
from meshd.model.route import MESH_GATEWAY, Destination, RouteRules
from meshd.model.security import Action, AuthorizationPolicy
from meshd.model.store import Store
from meshd.model.tables import GATEWAYS, WORKLOADS
from meshd.networking.authorization.custom import provider_of
from meshd.networking.delegation_advice import delegation_advice
from meshd.networking.lookup import destination_policy, mesh_config, service_of


def advice(store: Store, row: object) -> tuple[str, ...]:
    """What the author of `row` (a row of the model) should know: unknown hosts, subsets, gateways, selectors.

    They may still come: the object is accepted, and takes effect as they do.
    """
    memo = Memo(store)
    read = Reader(memo, memo.node((advice, "once")))
    if isinstance(row, RouteRules):
        return tuple(dict.fromkeys([*_gateways(read, row), *delegation_advice(read, row), *_destinations(read, row)]))
    if isinstance(row, DestinationPolicy):
        return tuple(_policy(read, row))
    if isinstance(row, Gateway):
        return tuple(_gateway(read, row))
    if isinstance(row, AuthorizationPolicy):
        return tuple(_provider(read, row))
    return ()


def _gateways(read: Reader, rules: RouteRules) -> Iterator[str]:
    for key in rules.gateways:
        if key != MESH_GATEWAY and read.get(GATEWAYS, key) is None:
            yield f"there is no Gateway {key} yet"


def _destinations(read: Reader, rules: RouteRules) -> Iterator[str]:
    for destination in rules.destinations():
        yield from _destination(read, rules, destination)


def _destination(read: Reader, rules: RouteRules, destination: Destination) -> Iterator[str]:
    service = service_of(read, destination.host)
    if service is None:
        yield f"there is no service {destination.host} yet: {_waits(read)}"
        return
    if destination.port and service.port(destination.port) is None:
        has = ", ".join(str(port.port) for port in service.ports)
        yield f"service {destination.host} has no port {destination.port}; it has {has}"
    policy = destination_policy(read, rules.ref.namespace, destination.host) if destination.subset else None
    known = {subset.name for subset in policy.subsets} if policy else set()
    if destination.subset and destination.subset not in known:
        subset = f"subset {destination.subset} of {destination.host}"
        yield f"no DestinationRule defines {subset} yet: {_waits(read)}"


def _waits(read: Reader) -> str:
    if mesh_config(read).hold_unresolved_rules:
        return "until it comes, what was in force before stays"
    return "until it comes, requests to it are answered with 503"


def _policy(read: Reader, policy: DestinationPolicy) -> Iterator[str]:
    inside = policy.host.endswith(f".svc.{_domain(read)}")
    if inside and not policy.host.startswith("*") and service_of(read, policy.host) is None:
        yield f"there is no service {policy.host} yet"
    for subset in policy.subsets:
        if not subset.labels:
            yield f"subset {subset.name} has no labels: it stands for all endpoints"


def _gateway(read: Reader, gateway: Gateway) -> Iterator[str]:
    if not any(selects(gateway.selector, workload.labels) for workload in read.all(WORKLOADS)):
        pairs = ", ".join(f"{key}={value}" for key, value in gateway.selector)
        yield f"no pod has the labels {pairs}: nobody serves it"


def _provider(read: Reader, policy: AuthorizationPolicy) -> Iterator[str]:
    if policy.action is not Action.CUSTOM or policy.dry_run or provider_of(read, policy.provider) is not None:
        return
    known = next((p for p in mesh_config(read).ext_authz_providers if p.name == policy.provider), None)
    what = f"no extension provider {policy.provider}"
    if known is not None:
        what = f"no service {known.host} with port {known.port} for extension provider {policy.provider}"
    yield f"there is {what}: until it comes, the workloads selected deny every request"


def _domain(read: Reader) -> str:
    config: MeshConfig = mesh_config(read)
    return config.cluster_domain
